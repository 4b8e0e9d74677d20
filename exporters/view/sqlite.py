"""The read model in an SQLite file; vectors are searched exactly, in memory."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, select
from sqlalchemy.engine.interfaces import DBAPIConnection, DBAPICursor
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as NoConnection

from engine.index.exact import ExactIndex
from engine.types import Vector
from exporters.view.backend import MORE_READERS, Near
from exporters.view.tables import clusters, erasures, ledger, vectors

_PRAGMAS = (
    "journal_mode=WAL",  # who reads does not wait for who writes
    "synchronous=NORMAL",  # a kill loses nothing; a power cut what the feed tells again
    "secure_delete=ON",  # what was forgotten must not stay in the file's free pages
    f"journal_size_limit={64 * 1024 * 1024}",
)
_BUSY_TIMEOUT_MS = 30_000
_SCRUB_TIMEOUT_MS = 500
_ROWS_AT_ONCE = 1000


class Sqlite:
    """The Backend port over a file. Reads from many threads, writes from one at a time."""

    def __init__(self, path: Path) -> None:
        url = URL.create("sqlite", database=str(path))
        self._engine = create_engine(
            url, connect_args={"timeout": _BUSY_TIMEOUT_MS / 1000}, max_overflow=MORE_READERS
        )
        event.listen(self._engine, "connect", _connected)
        event.listen(self._engine, "begin", _begun)
        self._items = _Memory(_new_items)
        self._clusters = _Memory(_changed_clusters)

    @property
    def engine(self) -> Engine:
        """Connections to the file."""
        return self._engine

    def prepare(self, connection: Connection) -> None:
        """Nothing to do."""

    def measure(self, connection: Connection, dim: int | None) -> None:
        """Nothing to do: rows in memory take their length from the first one."""

    def index(self, connection: Connection, dim: int) -> None:
        """Nothing to do."""

    def scrub(self) -> bool:
        """Overwrite what was deleted in the file too, and cut the write-ahead log.

        False where somebody reads, or the disk is full or failing.
        """
        driver = self._engine.dialect.loaded_dbapi
        try:
            with self._engine.connect() as connection:
                return _checkpointed(connection.connection.cursor())
        except (driver.OperationalError, OperationalError, NoConnection):
            return False

    def nearest_items(
        self, connection: Connection, scope_n: int, vector: Vector, k: int, without: Collection[int]
    ) -> Near:
        """Exact, over all items of the scope."""
        found = self._items.search(connection, scope_n, vector, k + len(without))
        return [(n, cosine) for n, cosine in found if n not in without][:k]

    def nearest_clusters(
        self, connection: Connection, scope_n: int, vector: Vector, k: int
    ) -> Near:
        """Exact, over all living clusters of the scope."""
        return self._clusters.search(connection, scope_n, vector, k)


class _Memory:
    """Vectors in memory, by scope, that catch up with the file before they are searched.

    So they know what another process wrote, and nothing of a transaction that failed.
    """

    def __init__(self, catch_up: Callable[[Connection, _Memory], None]) -> None:
        self._catch_up = catch_up
        self._lock = threading.Lock()
        self._generation = 0
        self._scopes: dict[int, ExactIndex] = {}
        self.marks: dict[str, int] = defaultdict(int)

    def search(self, connection: Connection, scope_n: int, vector: Vector, k: int) -> Near:
        with self._lock:
            generation = connection.scalar(select(ledger.c.generation)) or 0
            if generation != self._generation:
                self._generation = generation
                self._scopes.clear()
                self.marks.clear()
            self._catch_up(connection, self)
            index = self._scopes.get(scope_n)
            return index.search(vector, k) if index is not None and k else []

    def put(self, scope_n: int, n: int, vector: Vector) -> None:
        index = self._scopes.setdefault(scope_n, ExactIndex(len(vector)))
        index.put(n, vector)

    def drop(self, scope_n: int, n: int) -> None:
        with suppress(KeyError):  # it came and went before anybody searched
            self._scopes[scope_n].remove(n)


def _new_items(connection: Connection, memory: _Memory) -> None:
    query = select(vectors).where(vectors.c.item_n > memory.marks["items"])
    for row in connection.execute(query.order_by(vectors.c.item_n)).yield_per(_ROWS_AT_ONCE):
        memory.put(row.scope_n, row.item_n, row.vector)
        memory.marks["items"] = row.item_n
    gone = select(erasures).where(erasures.c.n > memory.marks["erasures"])
    for row in connection.execute(gone.order_by(erasures.c.n)):
        memory.drop(row.scope_n, row.item_n)
        memory.marks["erasures"] = row.n


def _changed_clusters(connection: Connection, memory: _Memory) -> None:
    query = select(clusters.c.scope_n, clusters.c.n, clusters.c.mean, clusters.c.changed)
    newer = query.where(clusters.c.changed > memory.marks["clusters"]).order_by(clusters.c.changed)
    for row in connection.execute(newer).yield_per(_ROWS_AT_ONCE):
        if row.mean is None:
            memory.drop(row.scope_n, row.n)
        else:
            memory.put(row.scope_n, row.n, row.mean)
        memory.marks["clusters"] = row.changed


def _connected(connection: DBAPIConnection, _: Any) -> None:
    """Leave transactions to us: the driver would begin them too late, and not for reading."""
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in _PRAGMAS:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _checkpointed(cursor: DBAPICursor) -> bool:
    """Whether nobody was in the way; feeds do not wait for readers long."""
    try:
        cursor.execute(f"PRAGMA busy_timeout = {_SCRUB_TIMEOUT_MS}")
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        ((busy, _, _),) = cursor.fetchall()
        return not busy
    finally:
        cursor.execute(f"PRAGMA busy_timeout = {_BUSY_TIMEOUT_MS}")
        cursor.close()


def _begun(connection: Connection) -> None:
    writing = connection.get_execution_options().get("writing", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")
