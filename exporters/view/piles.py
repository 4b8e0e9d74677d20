"""Clusters as answers: one, and lists of them."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any

import numpy as np
from sqlalchemy import ColumnElement, Connection, Row, Select, func, or_, select

from engine.jobs.quality import limit_of
from engine.types import Vector
from exporters.view.answers import ClusterFilter, ClusterOrder, ClusterRow, ItemRow, Page
from exporters.view.cursor import MAX_NUMBER, read_cursor, write_cursor
from exporters.view.reading import ITEMS, item_row, page, scope_number
from exporters.view.tables import clusters, items, ledger, scopes
from exporters.view.tally import mean_place

MANY = 5000
"""Clusters whose spreads take too long to be read again after every event."""
KEPT_S = 5.0
EXEMPLARS = 6
"""Items that a cluster is shown by in a list."""
MAX_REDIRECTS = 10_000
MAX_SIZE = 2**31 - 1
"""As the column of sizes holds it."""
_WEIGHTY = (clusters.c.total, clusters.c.mean)
CLUSTERS = select(
    *(column for column in clusters.c if column not in set(_WEIGHTY)), scopes.c.scope
).join(scopes, scopes.c.n == clusters.c.scope_n)
LIVING = ("pending", "confirmed")


class Grades:
    """The spread from which on a cluster is of low quality.

    Computed once for each state; among very many clusters, which one more hardly changes, only
    now and then.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._known: tuple[object, float] = (None, 0.0)
        self._kept_until = 0.0

    def limit(self, db: Connection) -> float:
        """Among all living clusters of more than one member, as in the result JSON."""
        with self._lock:
            now = tuple(db.execute(select(ledger.c.generation, ledger.c.events)).one())
            if self._known[0] != now and self._clock() >= self._kept_until:
                several = clusters.c.state.in_(LIVING) & (clusters.c.size > 1)
                spreads = db.scalars(select(clusters.c.spread).where(several)).all()
                self._known = now, limit_of(np.asarray(spreads, np.float64))
                self._kept_until = self._clock() + (KEPT_S if len(spreads) > MANY else 0.0)
            return self._known[1]


def cluster_number(db: Connection, scope: str, cluster_id: str) -> int:
    """Number of a cluster; one that none has where it is unknown."""
    here = (clusters.c.scope_n == scope_number(db, scope)) & (clusters.c.cluster_id == cluster_id)
    return db.scalar(select(clusters.c.n).where(here)) or 0


def mean_of(db: Connection, n: int) -> Vector | None:
    """Direction of a cluster's mean vector, None where it has none."""
    mean: Vector | None = db.scalar(select(clusters.c.mean).where(clusters.c.n == n))
    return mean


def clusters_numbered(
    db: Connection, grades: Grades, numbers: Collection[int]
) -> dict[int, ClusterRow]:
    """Clusters by their numbers, as far as they are there."""
    rows = db.execute(CLUSTERS.where(clusters.c.n.in_(list(numbers)))).all()
    return dict(zip((row.n for row in rows), _answers(db, grades, rows), strict=True))


def listed(
    db: Connection,
    grades: Grades,
    chosen: ClusterFilter,
    order: ClusterOrder,
    limit: int,
    cursor: str | None,
) -> Page[ClusterRow]:
    """A part of the clusters that are chosen."""
    query = CLUSTERS.where(*_conditions(db, grades, chosen))
    rows = db.execute(_ordered(query, order, cursor).limit(limit + 1)).all()
    found: Page[Any] = page(rows, limit, lambda row: _cursor(row, order))
    return Page(tuple(_answers(db, grades, found.rows)), found.cursor)


def _conditions(
    db: Connection, grades: Grades, chosen: ClusterFilter
) -> Iterable[ColumnElement[bool]]:
    c = clusters.c
    yield c.state.in_(LIVING) if chosen.state is None else c.state == chosen.state
    if chosen.scope is not None:
        yield c.scope_n == scope_number(db, chosen.scope)
    if chosen.min_size is not None:
        yield c.size >= chosen.min_size
    if chosen.max_size is not None:
        yield c.size <= chosen.max_size
    if chosen.quality is not None:
        limit = grades.limit(db)
        low = (c.spread > limit) & (c.size > 1)
        yield low if chosen.quality == "low" else ~low
    yield from _shown(chosen)


def _shown(chosen: ClusterFilter) -> Iterable[ColumnElement[bool]]:
    c = clusters.c
    if chosen.since is not None:
        yield c.last >= chosen.since
    if chosen.until is not None:
        yield c.first <= chosen.until
    if chosen.text is not None:
        yield c.name_key.contains(chosen.text.casefold(), autoescape=True)
    if chosen.label is not None:
        marked = or_(items.c.label == chosen.label, items.c.tag == chosen.label)
        yield c.n.in_(select(items.c.cluster_n).where(marked))


def _ordered(query: Select[Any], order: ClusterOrder, cursor: str | None) -> Select[Any]:
    c = clusters.c
    if order == "name":
        return _by_name(query, cursor)
    column, most = (c.changed, MAX_NUMBER) if order == "changed" else (c.size, MAX_SIZE)
    if cursor is not None:
        key, n = read_cursor(cursor, order, int, most)
        query = query.where((column < key) | ((column == key) & (c.n < n)))
    return query.order_by(column.desc(), c.n.desc())


def _by_name(query: Select[Any], cursor: str | None) -> Select[Any]:
    """By name, and those that have none at the end."""
    key_of, number = clusters.c.name_key, clusters.c.n
    if cursor is not None:
        key, n = read_cursor(cursor, "name", str)
        behind = (key_of == key) & (number > n)
        if key:
            behind |= (key_of > key) | (key_of == "")
        query = query.where(behind)
    return query.order_by(key_of == "", key_of, number)


def _cursor(row: Row[Any], order: ClusterOrder) -> str:
    key = {"changed": row.changed, "size": row.size, "name": row.name_key}[order]
    return write_cursor(order, key, row.n)


def _answers(db: Connection, grades: Grades, rows: Sequence[Any]) -> list[ClusterRow]:
    limit = grades.limit(db) if rows else 0.0
    shown = _exemplars(db, [row.n for row in rows])
    return [_answer(row, limit, _heir(db, row), tuple(shown[row.n])) for row in rows]


def _answer(row: Any, limit: float, heir: str | None, exemplars: tuple[ItemRow, ...]) -> ClusterRow:
    return ClusterRow(
        row.scope,
        row.cluster_id,
        row.state,
        heir,
        row.name,
        row.pinned,
        row.revision,
        row.size,
        "low" if row.size > 1 and row.spread > limit else "high",
        row.spread,
        row.first,
        row.last,
        mean_place(row.x, row.y, row.z, row.located),
        row.changed,
        exemplars,
    )


def _heir(db: Connection, row: Row[Any]) -> str | None:
    """Where redirects end; None where nothing is left there."""
    number, seen = row.heir_n, 0
    while number is not None and row.state == "retired":
        c = clusters.c
        known = select(c.state, c.cluster_id, c.heir_n).where(c.n == number)
        heir = db.execute(known).one()
        if heir.state != "retired":
            return str(heir.cluster_id)
        number, seen = heir.heir_n, seen + 1
        if seen > MAX_REDIRECTS:
            raise ValueError(f"cluster {row.cluster_id} redirects in a circle")
    return None


def _exemplars(db: Connection, numbers: Collection[int]) -> dict[int, list[ItemRow]]:
    """The first few exemplars of each cluster, its first items where it has none."""
    found = _first_items(db, numbers, exemplary=True)
    bare = [n for n in numbers if not found[n]]
    found.update(_first_items(db, bare, exemplary=False))
    return found


def _first_items(
    db: Connection, numbers: Collection[int], *, exemplary: bool
) -> defaultdict[int, list[ItemRow]]:
    found: defaultdict[int, list[ItemRow]] = defaultdict(list)
    if not numbers:
        return found
    place = func.row_number().over(partition_by=items.c.cluster_n, order_by=items.c.n)
    ranked = select(items.c.n, place.label("place")).where(items.c.cluster_n.in_(list(numbers)))
    if exemplary:
        ranked = ranked.where(items.c.exemplar)
    first = ranked.subquery()
    chosen = select(first.c.n).where(first.c.place <= EXEMPLARS)
    for row in db.execute(ITEMS.where(items.c.n.in_(chosen)).order_by(items.c.n)):
        found[row.cluster_n].append(item_row(row))
    return found
