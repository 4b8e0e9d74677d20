"""Rows of the database as answers: items, photos, and what they share with clusters."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import orjson
from sqlalchemy import Connection, Select, func, select

from engine.types import Box, GeoPoint, Origin, Vector
from exporters.view import tables
from exporters.view.answers import (
    Behind,
    Counts,
    ImageRow,
    ItemRow,
    MemberOrder,
    Page,
    Points,
    RejectionRow,
    State,
)
from exporters.view.cursor import read_cursor, write_cursor
from exporters.view.tables import (
    clusters,
    images,
    items,
    points,
    rejections,
    scopes,
    vectors,
)

ITEMS = (
    select(
        items, images.c.image_id, images.c.lat, images.c.lon, clusters.c.cluster_id, scopes.c.scope
    )
    .join(images, images.c.n == items.c.image_n)
    .join(clusters, clusters.c.n == items.c.cluster_n)
    .join(scopes, scopes.c.n == items.c.scope_n)
)
IMAGES = select(images, scopes.c.scope).join(scopes, scopes.c.n == images.c.scope_n)
NO_TIME = 1e300
"""Sorts behind all capture times."""


def scope_number(db: Connection, scope: str) -> int:
    """Number of a scope; one that no scope has where it is unknown."""
    return db.scalar(select(scopes.c.n).where(scopes.c.scope == scope)) or 0


def scope_names(db: Connection) -> list[str]:
    """Names of the scopes that anything happened in, sorted."""
    return sorted(db.scalars(select(scopes.c.scope).where(scopes.c.seq > 0)))


def item_rows(db: Connection, query: Select[Any]) -> list[ItemRow]:
    """Answers to a query made from `ITEMS`."""
    return [item_row(row) for row in db.execute(query)]


def item_row(row: Any) -> ItemRow:
    """An answer from a row of `ITEMS`."""
    return ItemRow(
        row.n,
        row.scope,
        row.item_id,
        row.image_id,
        row.cluster_id,
        Box(row.left, row.top, row.right, row.bottom),
        row.label,
        row.tag,
        row.score,
        row.quality,
        row.captured_at,
        place_of(row),
        row.confidence,
        row.exemplar,
    )


def place_of(row: Any) -> GeoPoint | None:
    """Where a photo was taken, None for the unknown."""
    return None if row.lat is None else GeoPoint(row.lat, row.lon)


def items_numbered(db: Connection, numbers: Iterable[int]) -> dict[int, ItemRow]:
    """Items by their numbers, as far as they are there."""
    found = item_rows(db, ITEMS.where(items.c.n.in_(list(numbers))))
    return {item.number: item for item in found}


def members(
    db: Connection, cluster_n: int, order: MemberOrder, limit: int, cursor: str | None
) -> Page[ItemRow]:
    """A part of a cluster's items."""
    query = ITEMS.where(items.c.cluster_n == cluster_n)
    if order == "arrival":
        query = query.order_by(items.c.n.desc())
        if cursor is not None:
            _, n = read_cursor(cursor, order, int)
            query = query.where(items.c.n < n)
    else:
        at = func.coalesce(items.c.captured_at, NO_TIME)
        query = query.order_by(at, items.c.n)
        if cursor is not None:
            key, n = read_cursor(cursor, order, float)
            query = query.where((at > key) | ((at == key) & (items.c.n > n)))
    found = item_rows(db, query.limit(limit + 1))
    return page(found, limit, lambda item: _member_cursor(item, order))


def page(found: Sequence[Any], limit: int, cursor_of: Any) -> Page[Any]:
    """A page out of one row more than it may hold."""
    rows = tuple(found[:limit])
    return Page(rows, cursor_of(rows[-1]) if rows and len(found) > limit else None)


def _member_cursor(item: ItemRow, order: MemberOrder) -> str:
    if order == "arrival":
        return write_cursor(order, item.number, item.number)
    at = NO_TIME if item.captured_at is None else item.captured_at
    return write_cursor(order, at, item.number)


def newest(db: Connection, scope: str | None, limit: int) -> list[ItemRow]:
    """Items that came last."""
    last = select(vectors.c.item_n).order_by(vectors.c.item_n.desc()).limit(limit)
    if scope is not None:
        last = last.where(vectors.c.scope_n == scope_number(db, scope))
    return item_rows(db, ITEMS.where(items.c.n.in_(last)).order_by(items.c.n.desc()))


def image(db: Connection, scope: str, image_id: str) -> ImageRow | None:
    """A photo and its items."""
    here = (images.c.scope_n == scope_number(db, scope)) & (images.c.image_id == image_id)
    found = image_rows(db, IMAGES.where(here))
    return found[0] if found else None


def image_rows(db: Connection, query: Select[Any]) -> list[ImageRow]:
    """Answers to a query made from `IMAGES`."""
    return [
        ImageRow(
            row.scope,
            row.image_id,
            row.content_hash,
            row.width,
            row.height,
            row.captured_at,
            place_of(row),
            orjson.loads(row.attributes),
            tuple(item_rows(db, ITEMS.where(items.c.image_n == row.n).order_by(items.c.n))),
            None if row.source is None else Origin(row.source, row.partition, row.offset),
        )
        for row in db.execute(query).all()
    ]


def behind(db: Connection) -> list[Behind]:
    """How far each feed was behind when that was last told."""
    f = tables.followed.c
    query = select(f.source, f.partition, f.behind, f.told_at).order_by(f.source, f.partition)
    return [Behind(*row) for row in db.execute(query)]


def item(db: Connection, scope: str, item_id: str) -> tuple[ItemRow, dict[str, Any]] | None:
    """An item, and the evidence it was assigned by."""
    here = (items.c.scope_n == scope_number(db, scope)) & (items.c.item_id == item_id)
    row = db.execute(ITEMS.where(here)).first()
    return None if row is None else (item_row(row), orjson.loads(row.evidence))


def vector(db: Connection, scope: str, item_id: str) -> Vector | None:
    """Embedding of an item."""
    here = (items.c.scope_n == scope_number(db, scope)) & (items.c.item_id == item_id)
    joined = vectors.join(items, items.c.n == vectors.c.item_n)
    found: Vector | None = db.scalar(select(vectors.c.vector).select_from(joined).where(here))
    return found


def numbers_of(db: Connection, scope_n: int, item_ids: Sequence[str]) -> list[int]:
    """Numbers of items by their ids."""
    here = (items.c.scope_n == scope_n) & items.c.item_id.in_(item_ids)
    return list(db.scalars(select(items.c.n).where(here))) if item_ids else []


def map_points(db: Connection, scope: str, limit: int) -> Points:
    """Where the items of a scope lie on its map."""
    scope_n = scope_number(db, scope)
    query = (
        select(items.c.item_id, items.c.cluster_n, points.c.x, points.c.y, points.c.z)
        .join(items, items.c.n == points.c.item_n)
        .where(points.c.scope_n == scope_n)
        .order_by(points.c.item_n)
        .limit(limit)
    )
    rows = db.execute(query).all()
    item_ids, numbers, *axes = zip(*rows, strict=True) if rows else ((),) * 5
    distinct, cluster = np.unique(np.asarray(numbers, np.int64), return_inverse=True)
    called = _called(db, scope_n)
    ids, names = zip(*(called[n] for n in distinct.tolist()), strict=True) if rows else ((), ())
    x, y, z = (np.asarray(axis, np.float64) for axis in axes)
    return Points(item_ids, ids, names, cluster, x, y, z)


def _called(db: Connection, scope_n: int) -> dict[int, tuple[str, str]]:
    """Ids and names of clusters that have members, by their numbers."""
    c = clusters.c
    query = select(c.n, c.cluster_id, c.name).where(c.scope_n == scope_n, c.size > 0)
    return {n: (cluster_id, name) for n, cluster_id, name in db.execute(query)}


def counts(db: Connection, scope: str | None) -> Counts:
    """How much there is."""
    scope_n = None if scope is None else scope_number(db, scope)

    def within(query: Select[Any], table: Any) -> Select[Any]:
        return query if scope_n is None else query.where(table.c.scope_n == scope_n)

    by_state = select(clusters.c.state, func.count()).group_by(clusters.c.state)
    states: dict[State, int] = {"pending": 0, "confirmed": 0, "retired": 0}
    states.update((state, n) for state, n in db.execute(within(by_state, clusters)))
    alone = select(func.count()).where(clusters.c.state == "pending", clusters.c.size == 1)
    r = rejections.c
    by_reason = select(r.of, r.reason, func.count()).group_by(r.of, r.reason)
    reasons = {(of, why): n for of, why, n in db.execute(within(by_reason, rejections))}
    return Counts(
        db.scalar(within(select(func.count()).select_from(images), images)) or 0,
        db.scalar(within(select(func.count()).select_from(items), items)) or 0,
        states,
        reasons,
        db.scalar(within(alone, clusters)) or 0,
    )


_REJECTED = select(
    *(scopes.c.scope, rejections.c.of, rejections.c.id, rejections.c.source),
    *(rejections.c.partition, rejections.c.offset, rejections.c.reason, rejections.c.detail),
).join(scopes, scopes.c.n == rejections.c.scope_n)


def rejected(db: Connection, scope: str | None, limit: int) -> list[RejectionRow]:
    """Messages that changed nothing, those furthest on in their source first."""
    r = rejections.c
    query = _REJECTED if scope is None else _REJECTED.where(scopes.c.scope == scope)
    ordered = query.order_by(r.offset.desc(), r.source, r.partition).limit(limit)
    return [RejectionRow(*row) for row in db.execute(ordered)]


def rejection(db: Connection, origin: Origin) -> RejectionRow | None:
    """What came from one place and changed nothing."""
    r = rejections.c
    here = (r.source == origin.source) & (r.partition == origin.partition)
    row = db.execute(_REJECTED.where(here, r.offset == origin.offset)).first()
    return None if row is None else RejectionRow(*row)
