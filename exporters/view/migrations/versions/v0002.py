"""Maps, clusters that look alike, and what people said is not the same."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add the tables."""
    _add_apart()
    _add_pairs()
    _add_points()


def _add_apart() -> None:
    op.create_table(
        "apart",
        sa.Column("scope_n", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("one", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("other", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("scope_n", "one", "other"),
    )


def _add_pairs() -> None:
    op.create_table(
        "pairs",
        sa.Column("one_n", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("other_n", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("scope_n", sa.Integer(), nullable=False),
        sa.Column("similarity", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("one_n", "other_n"),
    )
    op.create_index("pairs_of_scope", "pairs", ["scope_n", "similarity"], unique=False)


def _add_points() -> None:
    op.create_table(
        "points",
        sa.Column("item_n", NUMBER, autoincrement=False, nullable=False),
        sa.Column("scope_n", sa.Integer(), nullable=False),
        sa.Column("x", sa.Double(), nullable=False),
        sa.Column("y", sa.Double(), nullable=False),
        sa.Column("z", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("item_n"),
    )
    op.create_index("points_of_scope", "points", ["scope_n"], unique=False)
