"""The database: units of work in, rows out (M-3, N-5); doors: `open_store`, `open_reader`.

SQLAlchemy Core tables serve SQLite and PostgreSQL alike; one writer thread commits in groups.
"""

from recordbridge.store.database import Database, open_reader, open_store
from recordbridge.store.diagnosis import diagnose
from recordbridge.store.faults import AwayError
from recordbridge.store.reader import Reader

__all__ = ["AwayError", "Database", "Reader", "diagnose", "open_reader", "open_store"]
