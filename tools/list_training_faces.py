"""List the faces of a data set that models were trained on and chosen by, so that no evaluation counts them.

    python -m tools.list_training_faces out/training/faces/fairface-KEY

Writes `desktop_app/training/lists/NAME.npz`, hashes only. Cards whose "training_faces" name that list refer to it. A
group is listed only where it has several faces: a single one is known by its picture.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from desktop_app.training import facestore
from desktop_app.training.facestore import FaceStore
from desktop_app.training.seen import LISTS, SeenFaces


def without_single_groups(store: FaceStore) -> FaceStore:
    """The same faces, those alone in their group being in none."""
    sizes = Counter(record.group for record in store.records)
    records = [dataclasses.replace(r, group=r.group if sizes[r.group] > 1 else "") for r in store.records]
    return dataclasses.replace(store, records=records)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("store", type=Path, help="a folder of stored faces with the roles train and val")
    parser.add_argument("--out", type=Path, default=LISTS)
    options = parser.parse_args(arguments)
    store = without_single_groups(facestore.load(options.store))
    seen = SeenFaces.of_run(store)
    options.out.mkdir(parents=True, exist_ok=True)
    path = options.out / f"{store.name}.npz"
    arrays: dict[str, Any] = seen.to_arrays()
    np.savez_compressed(path, **arrays)
    print(f"{path}: {', '.join(f'{name} {len(part):,}' for name, part in arrays.items())}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
