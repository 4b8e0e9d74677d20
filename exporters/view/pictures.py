"""Small pictures of photos: which of them lack one, and what was made.

A picture is of a photo with certain bytes. It outlives a rebuild, for no journal holds it, and is
shown again once the same bytes come under the same name, but never for others.
"""

from __future__ import annotations

from sqlalchemy import Connection, delete, insert, select

from engine.types import Box
from exporters.view import tables
from exporters.view.answers import Cutout, ImageRow
from exporters.view.reading import IMAGES, image_rows, scope_number
from exporters.view.tables import images, items, thumbnails

_PICTURED = (
    (thumbnails.c.scope_n == images.c.scope_n)
    & (thumbnails.c.image_id == images.c.image_id)
    & (thumbnails.c.content_hash == images.c.content_hash)
)


def wanting(db: Connection, limit: int) -> list[ImageRow]:
    """Photos without a thumbnail, newest first."""
    numbers = select(tables.wanting.c.image_n).order_by(tables.wanting.c.image_n.desc())
    newest = images.c.n.in_(numbers.limit(limit))
    return image_rows(db, IMAGES.where(newest).order_by(images.c.n.desc()))


def put_thumbnail(db: Connection, scope: str, image_id: str, jpeg: bytes) -> bool:
    """Keep a small picture of an image; False where there is no such image."""
    scope_n = scope_number(db, scope)
    known = (images.c.scope_n == scope_n) & (images.c.image_id == image_id)
    image = db.execute(select(images.c.n, images.c.content_hash).where(known)).first()
    if image is None:
        return False
    here = (thumbnails.c.scope_n == scope_n) & (thumbnails.c.image_id == image_id)
    db.execute(delete(thumbnails).where(here))
    row = {"scope_n": scope_n, "image_id": image_id, "content_hash": image.content_hash}
    db.execute(insert(thumbnails).values(**row, jpeg=jpeg))
    db.execute(delete(tables.wanting).where(tables.wanting.c.image_n == image.n))
    return True


def thumbnail(db: Connection, scope: str, image_id: str) -> bytes | None:
    """The small picture of a photo, None also where none can be had."""
    here = (images.c.scope_n == scope_number(db, scope)) & (images.c.image_id == image_id)
    query = select(thumbnails.c.jpeg).join(images, _PICTURED).where(here)
    found: bytes | None = db.scalar(query)
    return found or None


def cutout(db: Connection, scope: str, item_id: str) -> Cutout | None:
    """An item within its photo's small picture."""
    i = items.c
    query = (
        select(
            *(thumbnails.c.jpeg, i.left, i.top, i.right, i.bottom),
            *(images.c.width, images.c.height),
        )
        .select_from(items)
        .join(images, images.c.n == i.image_n)
        .join(thumbnails, _PICTURED)
        .where(i.scope_n == scope_number(db, scope), i.item_id == item_id)
    )
    row = db.execute(query).first()
    if row is None or not row.jpeg:
        return None
    return Cutout(row.jpeg, Box(row.left, row.top, row.right, row.bottom), row.width, row.height)
