"""Everything of a view in one go, for exports: read in parts, and never all of it held here."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import orjson
from sqlalchemy import Connection, select

from engine.jobs.placements import Placement
from engine.types import Box, ImageRecord, Item, Origin
from exporters.view.reading import place_of, scope_number
from exporters.view.tables import clusters, images, items, scopes, vectors

ROWS_AT_ONCE: Final = 1000
UNKNOWN: Final = Origin("unknown", 0, 0)
"""Of a photo that a view took in before it noted where messages come from."""

_LYING = (
    select(
        *(items.c.item_id, items.c.left, items.c.top, items.c.right, items.c.bottom),
        *(items.c.label, items.c.score, items.c.quality, items.c.confidence),
        *(images.c.image_id, images.c.content_hash, images.c.width, images.c.height),
        *(images.c.captured_at, images.c.lat, images.c.lon, images.c.attributes),
        *(images.c.source, images.c.partition, images.c.offset),
        *(clusters.c.cluster_id, clusters.c.state, clusters.c.name),
        *(scopes.c.scope, vectors.c.vector),
    )
    .join(vectors, vectors.c.item_n == items.c.n)
    .join(images, images.c.n == items.c.image_n)
    .join(clusters, clusters.c.n == items.c.cluster_n)
    .join(scopes, scopes.c.n == items.c.scope_n)
)


def placements(db: Connection, scope: str | None) -> Iterator[Placement]:
    """Every item of a scope, or of all, on the cluster it lies on now, by number."""
    query = _LYING.order_by(items.c.n)
    if scope is not None:
        query = query.where(items.c.scope_n == scope_number(db, scope))
    for row in db.execute(query).yield_per(ROWS_AT_ONCE):
        confirmed = row.state == "confirmed"
        yield Placement(
            _image(row), _item(row), row.cluster_id, confirmed, row.confidence, row.name
        )


def _image(row: Any) -> ImageRecord:
    return ImageRecord(
        row.image_id,
        row.scope,
        UNKNOWN if row.source is None else Origin(row.source, row.partition, row.offset),
        row.content_hash,
        row.width,
        row.height,
        row.captured_at,
        place_of(row),
        orjson.loads(row.attributes),
    )


def _item(row: Any) -> Item:
    box = Box(row.left, row.top, row.right, row.bottom)
    return Item(row.item_id, row.vector, box, label=row.label, score=row.score, quality=row.quality)
