"""Which bytes a thumbnail was made of: another photo of its name must not be shown by it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Keep thumbnails that must be of what is there now; the others are made again.

    Where the view was ever made anew, there may be another photo of the same name since.
    """
    hashed = sa.Column("content_hash", sa.Text(), nullable=False, server_default="")
    op.add_column("thumbnails", hashed)
    op.execute(
        "UPDATE thumbnails SET content_hash = coalesce((SELECT images.content_hash FROM images"
        " WHERE images.scope_n = thumbnails.scope_n AND images.image_id = thumbnails.image_id), '')"
        " WHERE (SELECT max(generation) FROM ledger) = 1"
    )
    op.execute("DELETE FROM thumbnails WHERE content_hash = ''")
    op.execute(
        "INSERT INTO wanting SELECT n FROM images WHERE width > 0"
        " AND NOT EXISTS (SELECT 1 FROM wanting WHERE wanting.image_n = images.n)"
        " AND NOT EXISTS (SELECT 1 FROM thumbnails"
        " WHERE thumbnails.scope_n = images.scope_n AND thumbnails.image_id = images.image_id)"
    )
