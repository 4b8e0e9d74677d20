"""Clusters, items, images and what happened to them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from exporters.view.columns import AnyText, Embedding, Sums

revision = "0001"
down_revision = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add the tables."""
    _add_clusters()
    _add_commands()
    _add_erasures()
    _add_events()
    _add_images()
    _add_items()
    _add_ledger()
    _add_lineage()
    _add_positions()
    _add_rejections()
    _add_scopes()
    _add_thumbnails()
    _add_vectors()


def _add_clusters() -> None:
    op.create_table(
        "clusters",
        sa.Column("n", NUMBER, autoincrement=False, nullable=False),
        sa.Column("scope_n", sa.Integer(), nullable=False),
        sa.Column("cluster_id", AnyText(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("heir_n", sa.BigInteger(), nullable=True),
        sa.Column("founded", sa.BigInteger(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("pinned", sa.Boolean(), nullable=False),
        sa.Column("name", AnyText(), nullable=False),
        sa.Column("name_key", AnyText(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("spread", sa.Double(), nullable=False),
        sa.Column("first", sa.Double(), nullable=True),
        sa.Column("last", sa.Double(), nullable=True),
        sa.Column("x", sa.BigInteger(), nullable=False),
        sa.Column("y", sa.BigInteger(), nullable=False),
        sa.Column("z", sa.BigInteger(), nullable=False),
        sa.Column("located", sa.Integer(), nullable=False),
        sa.Column("changed", sa.BigInteger(), nullable=False),
        sa.Column("total", Sums(), nullable=True),
        sa.Column("mean", Embedding(), nullable=True),
        sa.PrimaryKeyConstraint("n"),
        sa.UniqueConstraint("scope_n", "cluster_id", name="clusters_once"),
    )
    op.create_index("clusters_by_change", "clusters", ["scope_n", "changed"], unique=False)
    op.create_index("clusters_by_size", "clusters", ["scope_n", "size"], unique=False)
    op.create_index("clusters_by_spread", "clusters", ["state", "size", "spread"], unique=False)
    op.create_index("clusters_changed", "clusters", ["changed"], unique=False)


def _add_commands() -> None:
    op.create_table(
        "commands",
        sa.Column("scope_n", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("command_id", AnyText(), nullable=False),
        sa.Column("applied", sa.Boolean(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("author", AnyText(), nullable=False),
        sa.Column("asked_at", sa.Double(), nullable=True),
        sa.Column("first_event", sa.BigInteger(), nullable=True),
        sa.Column("last_event", sa.BigInteger(), nullable=True),
        sa.Column("told", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("scope_n", "command_id"),
    )
    op.create_index("commands_told", "commands", ["scope_n", "told"], unique=False)


def _add_erasures() -> None:
    op.create_table(
        "erasures",
        sa.Column("n", NUMBER, autoincrement=False, nullable=False),
        sa.Column("scope_n", sa.Integer(), nullable=False),
        sa.Column("item_n", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("n"),
    )


def _add_events() -> None:
    op.create_table(
        "events",
        sa.Column("number", NUMBER, autoincrement=False, nullable=False),
        sa.Column("scope_n", sa.Integer(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("scope_n", "seq", name="events_once"),
    )


def _add_images() -> None:
    op.create_table(
        "images",
        sa.Column("n", NUMBER, autoincrement=False, nullable=False),
        sa.Column("scope_n", sa.Integer(), nullable=False),
        sa.Column("image_id", AnyText(), nullable=False),
        sa.Column("content_hash", sa.Text(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("captured_at", sa.Double(), nullable=True),
        sa.Column("lat", sa.Double(), nullable=True),
        sa.Column("lon", sa.Double(), nullable=True),
        sa.Column("attributes", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("n"),
        sa.UniqueConstraint("scope_n", "image_id", name="images_once"),
    )


def _add_items() -> None:
    op.create_table(
        "items",
        sa.Column("n", NUMBER, autoincrement=False, nullable=False),
        sa.Column("scope_n", sa.Integer(), nullable=False),
        sa.Column("item_id", AnyText(), nullable=False),
        sa.Column("image_n", sa.BigInteger(), nullable=False),
        sa.Column("cluster_n", sa.BigInteger(), nullable=False),
        sa.Column("lobe", sa.BigInteger(), nullable=False),
        sa.Column("exemplar", sa.Boolean(), nullable=False),
        sa.Column("left", sa.Double(), nullable=False),
        sa.Column("top", sa.Double(), nullable=False),
        sa.Column("right", sa.Double(), nullable=False),
        sa.Column("bottom", sa.Double(), nullable=False),
        sa.Column("label", AnyText(), nullable=False),
        sa.Column("tag", AnyText(), nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("quality", sa.Double(), nullable=False),
        sa.Column("captured_at", sa.Double(), nullable=True),
        sa.Column("confidence", sa.Double(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("n"),
        sa.UniqueConstraint("scope_n", "item_id", name="items_once"),
    )
    op.create_index("items_by_capture", "items", ["cluster_n", "captured_at"], unique=False)
    op.create_index("items_by_label", "items", ["label", "cluster_n"], unique=False)
    op.create_index("items_by_tag", "items", ["tag", "cluster_n"], unique=False)
    op.create_index(
        "items_exemplary",
        "items",
        ["cluster_n", "n"],
        unique=False,
        sqlite_where=sa.text("exemplar"),
        postgresql_where=sa.text("exemplar"),
    )
    op.create_index("items_of_cluster", "items", ["cluster_n", "n"], unique=False)
    op.create_index("items_of_image", "items", ["image_n"], unique=False)
    op.create_index("items_of_lobe", "items", ["scope_n", "lobe"], unique=False)
    op.create_index("items_unsure", "items", ["scope_n", "confidence"], unique=False)


def _add_ledger() -> None:
    op.create_table(
        "ledger",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("identity", AnyText(), nullable=False),
        sa.Column("generation", sa.BigInteger(), nullable=False),
        sa.Column("dim", sa.Integer(), nullable=True),
        sa.Column("images", sa.BigInteger(), nullable=False),
        sa.Column("items", sa.BigInteger(), nullable=False),
        sa.Column("clusters", sa.BigInteger(), nullable=False),
        sa.Column("events", sa.BigInteger(), nullable=False),
        sa.Column("erasures", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )


def _add_lineage() -> None:
    op.create_table(
        "lineage",
        sa.Column("cluster_n", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("cluster_n", "number"),
        sqlite_with_rowid=False,
    )


def _add_positions() -> None:
    op.create_table(
        "positions",
        sa.Column("source", AnyText(), nullable=False),
        sa.Column("partition", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("offset", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("source", "partition"),
    )


def _add_rejections() -> None:
    op.create_table(
        "rejections",
        sa.Column("source", AnyText(), nullable=False),
        sa.Column("partition", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("offset", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("scope_n", sa.Integer(), nullable=False),
        sa.Column("of", sa.Text(), nullable=False),
        sa.Column("id", AnyText(), nullable=False),
        sa.Column("reason", AnyText(), nullable=False),
        sa.Column("detail", AnyText(), nullable=False),
        sa.PrimaryKeyConstraint("source", "partition", "offset"),
    )
    op.create_index("rejections_by_reason", "rejections", ["scope_n", "of", "reason"], unique=False)


def _add_scopes() -> None:
    op.create_table(
        "scopes",
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("scope", AnyText(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("n"),
        sa.UniqueConstraint("scope"),
    )


def _add_thumbnails() -> None:
    op.create_table(
        "thumbnails",
        sa.Column("scope_n", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("image_id", AnyText(), nullable=False),
        sa.Column("jpeg", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("scope_n", "image_id"),
    )


def _add_vectors() -> None:
    op.create_table(
        "vectors",
        sa.Column("item_n", NUMBER, autoincrement=False, nullable=False),
        sa.Column("scope_n", sa.Integer(), nullable=False),
        sa.Column("vector", Embedding(), nullable=False),
        sa.PrimaryKeyConstraint("item_n"),
    )
    op.create_index("vectors_of_scope", "vectors", ["scope_n", "item_n"], unique=False)
