"""Readers of labelled face data sets: one function turns a path into a `FaceDataset`, whatever lies there."""

from __future__ import annotations

from pathlib import Path

from desktop_app.errors import SourceError
from desktop_app.training.readers import adience, folders, imdb_wiki, tables
from desktop_app.training.readers.base import FaceDataset, FaceRecord, RowProblem
from desktop_app.training.readers.storage import is_archive, name_of, open_storage

__all__ = ["KINDS", "FaceDataset", "FaceRecord", "RowProblem", "open_dataset"]

KINDS: tuple[str, ...] = ("auto", "table", "pixels-csv", "utkface", "imdb-wiki", "adience", "classes")
"""What `open_dataset` can be told to read; "auto" looks at what is there."""


def open_dataset(path: Path, kind: str = "auto") -> FaceDataset:
    """Read the labels of a data set; the pictures stay where they are until `FaceDataset.storage` is asked.

    `path` is a CSV file (ours or FairFace's with its pictures in a folder, zip or tar beside it, or UTKFace's with a
    `pixels` column), an IMDB-WIKI `.mat`, or a folder, zip or tar: of UTKFace names, of Adience fold files, with the
    `.mat` of IMDB-WIKI, with a `faces.csv` as `prepare` writes it, or with a folder per class. Raises SourceError where
    nothing of the kind is found. Malformed rows never raise: they are in `FaceDataset.problems`.
    """
    path = Path(path)
    if kind not in KINDS:
        raise SourceError(f"There is no kind of data set called {kind!r}.", f"Known are: {', '.join(KINDS)}.")
    if not path.exists():
        raise SourceError(f"There is no file or folder {path}.", "Check the path of the data set.")
    suffix = path.suffix.lower()
    if suffix == ".mat" and kind in ("auto", "imdb-wiki"):
        return imdb_wiki.read_imdb_wiki(path)
    if kind == "pixels-csv" or (kind == "auto" and suffix == ".csv" and "pixels" in tables.columns_of(path)):
        return tables.read_pixels_csv(path)
    if path.is_file() and (suffix == ".csv" or (kind == "table" and not is_archive(path))):
        return tables.read_table(path)
    storage = open_storage(path)
    names = storage.names()
    if kind == "adience" or (kind == "auto" and any(adience.is_fold_file(name) for name in names)):
        return adience.read_adience(path, storage)
    metadata = next((name for name in names if imdb_wiki.is_metadata(name)), None)
    if kind in ("auto", "imdb-wiki") and metadata is not None:
        return imdb_wiki.read_imdb_wiki_in(storage, metadata, name_of(path))
    if kind == "imdb-wiki":
        storage.close()
        raise SourceError(f"There is no imdb.mat or wiki.mat in {path}.", "Choose the published file or archive.")
    table = min((name for name in names if name.split("/")[-1] == "faces.csv"), key=len, default=None)
    if kind in ("auto", "table") and table is not None:
        return tables.read_table_in(storage, table, name_of(path))
    pictures = [name for name in names if folders.is_picture(name)]
    if not pictures:
        storage.close()
        raise SourceError(f"There is no picture in {path}.", "Choose the folder, zip or tar that holds the faces.")
    looks_like_utkface = sum(folders.is_utkface_name(name) for name in pictures) * 2 > len(pictures)
    if kind == "utkface" or (kind == "auto" and looks_like_utkface):
        return folders.read_utkface(path, storage)
    return folders.read_class_folders(path, storage)
