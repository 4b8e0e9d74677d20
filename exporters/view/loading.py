"""Reads from the database what a run of outcomes of one scope is going to touch."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection, Row, insert, select

from engine.lineage import Standing
from engine.types import GeoPoint, Outcome
from exporters.view.projection import Scope
from exporters.view.rows import Lying, Pile, Wanted
from exporters.view.tables import apart, clusters, images, items, scopes, vectors
from exporters.view.tally import Member, Tally

CHUNK = 500
"""Values in one list of a query."""
T = TypeVar("T")


def load_scope(connection: Connection, name: str, outcomes: Sequence[Outcome]) -> tuple[int, Scope]:
    """The number of a scope, and those of its rows that the outcomes may touch."""
    scope_n, seq = number_of(connection, name)
    wanted = Wanted()
    for outcome in outcomes:
        wanted.add(outcome)
    piles = dict(_piles(connection, scope_n, wanted.clusters))
    retiring = [pile.n for one in wanted.retiring if (pile := piles.get(one)) and pile.n]
    moving = items.c.scope_n == scope_n
    lying: dict[str, Lying] = {}
    owners: dict[int, str] = {}
    for condition in (
        *(items.c.cluster_n.in_(chunk) for chunk in _chunks(retiring)),
        *(moving & items.c.lobe.in_(chunk) for chunk in _chunks(wanted.lobes)),
    ):
        _lay(connection.execute(_LYING.where(condition)), lying, owners)
    for condition in (
        *(moving & items.c.lobe.in_(chunk) for chunk in _chunks(wanted.weighed)),
        *(moving & items.c.item_id.in_(chunk) for chunk in _chunks(wanted.items)),
    ):
        _lay(connection.execute(_WEIGHED.where(condition)), lying, owners)
    linked = wanted.links or wanted.fused or wanted.items
    parted = _apart(connection, scope_n) if linked else set()
    return scope_n, Scope(name, seq, piles, lying, owners, parted)


def _apart(connection: Connection, scope_n: int) -> set[tuple[int, int]]:
    query = select(apart.c.one, apart.c.other).where(apart.c.scope_n == scope_n)
    return {(one, other) for one, other in connection.execute(query)}


def number_of(connection: Connection, name: str) -> tuple[int, int]:
    """Number of a scope and of its last event; a new scope gets its row."""
    known = select(scopes.c.n, scopes.c.seq).where(scopes.c.scope == name)
    row = connection.execute(known).first()
    if row is None:
        connection.execute(insert(scopes).values(scope=name, seq=0))
        row = connection.execute(known).one()
    return row.n, row.seq


_LYING = select(
    *(items.c.item_id, items.c.n, items.c.lobe, items.c.exemplar, clusters.c.cluster_id)
).join(clusters, clusters.c.n == items.c.cluster_n)
_WEIGHED = (
    _LYING.add_columns(vectors.c.vector, items.c.captured_at, images.c.lat, images.c.lon)
    .join(vectors, vectors.c.item_n == items.c.n)
    .join(images, images.c.n == items.c.image_n)
)


def _lay(rows: Any, lying: dict[str, Lying], owners: dict[int, str]) -> None:
    for row in rows:
        member = _member(row) if "vector" in row._fields else None
        lying[row.item_id] = Lying(row.lobe, row.exemplar, member, row.n)
        owners[row.lobe] = row.cluster_id


def _member(row: Row[Any]) -> Member:
    place = None if row.lat is None else GeoPoint(row.lat, row.lon)
    return Member(row.vector, row.captured_at, place)


def _piles(
    connection: Connection, scope_n: int, wanted: Collection[str]
) -> Iterator[tuple[str, Pile]]:
    for chunk in _chunks(wanted):
        condition = (clusters.c.scope_n == scope_n) & clusters.c.cluster_id.in_(chunk)
        for row in connection.execute(select(clusters).where(condition)):
            yield row.cluster_id, _pile(row)


def _pile(row: Row[Any]) -> Pile:
    confirmed = row.state == "confirmed"
    return Pile(
        Standing(row.founded, confirmed, row.pinned, row.name),
        row.n,
        living=row.state != "retired",
        revision=row.revision,
        tally=Tally(
            *(row.size, row.total, row.first, row.last),
            *(row.x, row.y, row.z, row.located),
        ),
    )


def _chunks(values: Collection[T]) -> Iterator[list[T]]:
    ordered: list[T] = list(values)
    for start in range(0, len(ordered), CHUNK):
        yield ordered[start : start + CHUNK]


def condition_on(
    column: ColumnElement[Any], values: Collection[object]
) -> Iterator[ColumnElement[bool]]:
    """Conditions that together hold for these values, of which there may be many."""
    return (column.in_(chunk) for chunk in _chunks(values))
