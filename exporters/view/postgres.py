"""The read model in PostgreSQL; vectors are searched by pgvector's HNSW.

The graph holds them in half precision, which takes half the memory and half the time; what it
finds is compared in full.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Double,
    Engine,
    Select,
    cast,
    create_engine,
    event,
    func,
    literal,
    select,
    text,
    true,
)
from sqlalchemy.engine import make_url
from sqlalchemy.types import UserDefinedType

from engine.errors import Misconfigured
from engine.types import Vector
from exporters.view.backend import MORE_READERS, Near
from exporters.view.columns import Embedding
from exporters.view.tables import clusters, vectors

MAX_INDEXED_DIM = 4000
"""Longer vectors pgvector does not index: they are compared one by one."""
OLDEST = 0, 8
"""Version of pgvector that knows half precision, and searches on where a filter finds too few."""
_INDEX = "vectors_near_half"
_OLD_INDEX = "vectors_near"  # in full precision, which no query uses any more
_WRITERS = 0x6361_6972  # any number that names the right to write
_BUILDING = "maintenance_work_mem = '1GB'", "max_parallel_maintenance_workers = 0"
_SEARCHING = {
    "hnsw.iterative_scan": "strict_order",
    # A plan that does not know the limit would rather sort everything.
    "plan_cache_mode": "force_custom_plan",
}
_GRAPH = "m = 24, ef_construction = 100"
_CANDIDATES = 700  # ef_search: recall against time
_MAX_CANDIDATES = 1000  # what pgvector allows
_COMPARED = 3  # times as many as are wanted


class Postgres:
    """The Backend port over a server that has the extension `vector`."""

    def __init__(self, url: str) -> None:
        self._engine = create_engine(
            make_url(url).set(drivername="postgresql+psycopg"), max_overflow=MORE_READERS
        )
        event.listen(self._engine, "begin", _begun)

    @property
    def engine(self) -> Engine:
        """Connections to the server."""
        return self._engine

    def prepare(self, connection: Connection) -> None:
        """Load the extension; raises Misconfigured where it is too old."""
        connection.execute(text("CREATE EXTENSION IF NOT EXISTS vector"))
        query = text("SELECT extversion FROM pg_extension WHERE extname = 'vector'")
        found = connection.scalars(query).one()
        if tuple(int(number) for number in found.split(".")[:2]) < OLDEST:
            raise Misconfigured(
                f"the database has the extension vector (pgvector) {found}, and a view needs 0.8 "
                "or later: install that on the server, then run ALTER EXTENSION vector UPDATE"
            )

    def measure(self, connection: Connection, dim: int | None) -> None:
        """Give the column its length, without which it cannot be indexed."""
        kind = "vector" if dim is None else f"vector({dim})"
        for name in (_INDEX, _OLD_INDEX):
            connection.execute(text(f"DROP INDEX IF EXISTS {name}"))
        connection.execute(text(f"ALTER TABLE vectors ALTER COLUMN vector TYPE {kind}"))

    def index(self, connection: Connection, dim: int) -> None:
        """Build the graph in memory, by one process: shared memory is scarce in containers."""
        known = connection.scalar(text(f"SELECT to_regclass('{_INDEX}')"))
        if known is not None or dim > MAX_INDEXED_DIM:
            return
        for setting in _BUILDING:
            connection.execute(text(f"SET LOCAL {setting}"))
        by = f"USING hnsw ((vector::halfvec({dim})) halfvec_cosine_ops) WITH ({_GRAPH})"
        connection.execute(text(f"DROP INDEX IF EXISTS {_OLD_INDEX}"))
        connection.execute(text(f"CREATE INDEX {_INDEX} ON vectors {by}"))

    def scrub(self) -> bool:
        """Nothing to do: autovacuum overwrites what was deleted, in its own time."""
        return True

    def nearest_items(
        self, connection: Connection, scope_n: int, vector: Vector, k: int, without: Collection[int]
    ) -> Near:
        """By the index, going on where other scopes crowd the neighbourhood."""
        wanted = k + len(without)
        candidates = min(max(_CANDIDATES, 2 * _COMPARED * wanted), _MAX_CANDIDATES)
        settings = {**_SEARCHING, "hnsw.ef_search": str(candidates)}
        connection.execute(select(*(func.set_config(*one, true()) for one in settings.items())))
        near = select(vectors).where(vectors.c.scope_n == scope_n)
        if len(vector) <= MAX_INDEXED_DIM:
            near = near.order_by(_rough_distance(vector)).limit(_COMPARED * wanted)
        chosen = near.subquery()
        distance = _distance(chosen.c.vector, vector)
        found = _near(connection, select(chosen.c.item_n, distance), distance, wanted)
        return [(n, cosine) for n, cosine in found if n not in without][:k]

    def nearest_clusters(
        self, connection: Connection, scope_n: int, vector: Vector, k: int
    ) -> Near:
        """One by one: an index of means that change with every photo costs more than it saves."""
        distance = _distance(clusters.c.mean, vector)
        known = (clusters.c.scope_n == scope_n) & clusters.c.mean.is_not(None)
        return _near(connection, select(clusters.c.n, distance).where(known), distance, k)


class _Half(UserDefinedType[Vector]):
    """pgvector's vector in half precision."""

    cache_ok = True

    def __init__(self, dim: int) -> None:
        self.dim = dim

    def get_col_spec(self, **_: Any) -> str:
        return f"HALFVEC({self.dim})"


def _rough_distance(vector: Vector) -> ColumnElement[float]:
    half = _Half(len(vector))
    return _distance(cast(vectors.c.vector, half), cast(literal(vector, Embedding), half))


def _distance(
    column: ColumnElement[Vector], vector: Vector | ColumnElement[Vector]
) -> ColumnElement[float]:
    return column.op("<=>", return_type=Double())(vector)


def _near(
    connection: Connection,
    query: Select[int, float],
    distance: ColumnElement[float],
    k: int,
) -> Near:
    found = connection.execute(query.order_by(distance).limit(k))
    return sorted(((n, 1.0 - far) for n, far in found), key=lambda one: (-one[1], one[0]))


def _begun(connection: Connection) -> None:
    if connection.get_execution_options().get("writing", False):
        connection.execute(text(f"SELECT pg_advisory_xact_lock({_WRITERS})"))
    else:
        connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
