"""Where photos came from, which of them lack a thumbnail, and how far feeds are behind."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from exporters.view.columns import AnyText

revision = "0003"
down_revision = "0002"

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add the columns and the tables; photos that are there came from nobody knows where."""
    op.add_column("images", sa.Column("source", AnyText(), nullable=True))
    op.add_column("images", sa.Column("partition", sa.Integer(), nullable=True))
    op.add_column("images", sa.Column("offset", sa.BigInteger(), nullable=True))
    op.create_table(
        "wanting",
        sa.Column("image_n", NUMBER, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("image_n"),
    )
    op.execute(
        "INSERT INTO wanting SELECT n FROM images WHERE NOT EXISTS (SELECT 1 FROM thumbnails"
        " WHERE thumbnails.scope_n = images.scope_n AND thumbnails.image_id = images.image_id)"
    )
    op.create_table(
        "followed",
        sa.Column("source", AnyText(), nullable=False),
        sa.Column("partition", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("behind", sa.BigInteger(), nullable=False),
        sa.Column("told_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("source", "partition"),
    )
