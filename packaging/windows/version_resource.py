"""Writes what Windows shows in a program's properties: python version_resource.py build/version.txt"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from desktop_app import __version__

numbers = (*(int(part) for part in __version__.split(".")[:3]), 0)
texts = {
    "CompanyName": "The makers of Headcount",
    "FileDescription": "Headcount",
    "FileVersion": __version__,
    "InternalName": "headcount",
    "LegalCopyright": "The makers of Headcount, Apache License 2.0",
    "ProductName": "Headcount",
    "ProductVersion": __version__,
}
strings = ",\n      ".join(f"StringStruct({key!r}, {value!r})" for key, value in texts.items())
Path(sys.argv[1]).write_text(
    f"""VSVersionInfo(
  ffi=FixedFileInfo(filevers={numbers}, prodvers={numbers}, mask=0x3F, flags=0, OS=0x40004, fileType=1, subtype=0),
  kids=[
    StringFileInfo([StringTable('040904B0', [
      {strings}
    ])]),
    VarFileInfo([VarStruct('Translation', [1033, 1200])]),
  ],
)
""",
    encoding="utf-8",
)
