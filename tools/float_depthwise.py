"""Rewrites an exported model so that its depthwise convolutions run in LiteRT's fast kernels; exports do so by now.

    python -m tools.float_depthwise models/headcount

The weights stay what they are (`training.flatbuffer.float_depthwise`). The card gets the new file's hash and size, and
the likeness space beside it, which was fitted to the same weights, the new hash.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from pathlib import Path

from desktop_app.training.flatbuffer import float_depthwise, share_buffers
from desktop_app.vision.attributes.model_card import CARD_NAME
from desktop_app.vision.likeness.face_space import LikenessSpace


def rewrite(folder: Path) -> None:
    """Rewrite the model of a folder in place. Raises OSError or ValueError if it is none in LiteRT."""
    card_file = folder / CARD_NAME
    card = json.loads(card_file.read_text(encoding="utf-8"))
    model = folder / card["file"]
    space = LikenessSpace.load(model)
    content = share_buffers(float_depthwise(model.read_bytes()))
    model.write_bytes(content)
    card |= {"sha256": hashlib.sha256(content).hexdigest(), "size_bytes": len(content)}
    card_file.write_text(json.dumps(card, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    if space is not None:
        space.save(model)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="+", help="a model's folder")
    for folder in parser.parse_args().folder:
        rewrite(folder)


if __name__ == "__main__":
    main()
