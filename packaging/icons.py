"""Makes the icons of all sizes from resources/icons/headcount.svg: PNG for Linux, .ico for Windows, .icns for macOS.

python packaging/icons.py build/icons
"""

from __future__ import annotations

import os
import struct
import sys
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QBuffer, QByteArray, Qt
from PySide6.QtGui import QGuiApplication, QImage, QPainter
from PySide6.QtSvg import QSvgRenderer

ROOT = Path(__file__).resolve().parents[1]
SIZES = (16, 22, 24, 32, 48, 64, 128, 256, 512, 1024)
ICO_SIZES = (16, 24, 32, 48, 64, 128, 256)
# Apple's four-letter codes for PNG pictures of these sizes.
ICNS_CODES = {16: b"icp4", 32: b"icp5", 64: b"icp6", 128: b"ic07", 256: b"ic08", 512: b"ic09", 1024: b"ic10"}


def png(renderer: QSvgRenderer, size: int) -> bytes:
    image = QImage(size, size, QImage.Format.Format_ARGB32)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    renderer.render(painter)
    painter.end()
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QBuffer.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")
    return bytes(data.data())


def ico(pictures: dict[int, bytes]) -> bytes:
    """Return a Windows icon holding PNG pictures, as Windows Vista and later read them."""
    offset = 6 + 16 * len(ICO_SIZES)
    head, body = struct.pack("<HHH", 0, 1, len(ICO_SIZES)), b""
    for size in ICO_SIZES:
        side = size % 256  # 0 stands for 256
        head += struct.pack("<BBBBHHII", side, side, 0, 0, 1, 32, len(pictures[size]), offset + len(body))
        body += pictures[size]
    return head + body


def icns(pictures: dict[int, bytes]) -> bytes:
    body = b"".join(code + struct.pack(">I", len(pictures[s]) + 8) + pictures[s] for s, code in ICNS_CODES.items())
    return b"icns" + struct.pack(">I", len(body) + 8) + body


def main() -> None:
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    app = QGuiApplication([])
    renderer = QSvgRenderer(str(ROOT / "resources" / "icons" / "headcount.svg"))
    if not renderer.isValid():
        raise SystemExit("resources/icons/headcount.svg cannot be drawn")
    pictures = {size: png(renderer, size) for size in SIZES}
    for size, data in pictures.items():
        (folder / f"headcount-{size}.png").write_bytes(data)
    (folder / "headcount.ico").write_bytes(ico(pictures))
    (folder / "headcount.icns").write_bytes(icns(pictures))
    app.quit()


if __name__ == "__main__":
    main()
