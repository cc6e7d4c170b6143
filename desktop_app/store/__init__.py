"""The log on the disk (SQLite): sessions, their entries, what they add up to, and copies of all of it."""

from desktop_app.errors import StoreError
from desktop_app.store.backups import StoreCopy
from desktop_app.store.store import SessionInfo, Store
from desktop_app.store.summaries import Arrivals, SessionSummary

__all__ = ["Arrivals", "SessionInfo", "SessionSummary", "Store", "StoreCopy", "StoreError"]
