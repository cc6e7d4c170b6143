"""The log on the disk (SQLite): sessions, their entries, what they add up to, and copies of all of it."""

from desktop_app.errors import StoreError
from desktop_app.store.backups import StoreCopy
from desktop_app.store.files import default_folder
from desktop_app.store.held_database import HeldError
from desktop_app.store.second_process import SecondProcessStore
from desktop_app.store.session_list import SessionInfo
from desktop_app.store.store import DamagedStoreError, Store
from desktop_app.store.summaries import Arrivals, SessionSummary

__all__ = [
    "Arrivals",
    "DamagedStoreError",
    "HeldError",
    "SecondProcessStore",
    "SessionInfo",
    "SessionSummary",
    "Store",
    "StoreCopy",
    "StoreError",
    "default_folder",
]
