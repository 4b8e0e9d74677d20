"""The tables of the read model. A change of them needs a migration beside it.

Numbers (`n`) are given out by `ledger` and never twice; whoever wrote the ledger's row last has
the right to write.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

from exporters.view.columns import AnyText, Embedding, Sums

METADATA = MetaData()
NUMBER = BigInteger().with_variant(Integer(), "sqlite")
"""What SQLite takes for the number of the row itself."""

ledger = Table(
    "ledger",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("identity", AnyText, nullable=False),  # of the state it is a view of
    Column("generation", BigInteger, nullable=False),  # counts the rebuilds
    Column("dim", Integer),  # of all vectors, once there is one
    Column("images", BigInteger, nullable=False),
    Column("items", BigInteger, nullable=False),
    Column("clusters", BigInteger, nullable=False),
    Column("events", BigInteger, nullable=False),
    Column("erasures", BigInteger, nullable=False),
)
positions = Table(
    "positions",
    METADATA,
    Column("source", AnyText, primary_key=True),
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("offset", BigInteger, nullable=False),
)
followed = Table(
    "followed",
    METADATA,
    Column("source", AnyText, primary_key=True),
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("behind", BigInteger, nullable=False),  # records that are not read yet
    Column("told_at", Double, nullable=False),  # seconds since the Unix epoch
)
scopes = Table(
    "scopes",
    METADATA,
    Column("n", Integer, primary_key=True),
    Column("scope", AnyText, nullable=False, unique=True),
    Column("seq", BigInteger, nullable=False),  # of the last event
)
images = Table(
    "images",
    METADATA,
    Column("n", NUMBER, primary_key=True, autoincrement=False),
    Column("scope_n", Integer, nullable=False),
    Column("image_id", AnyText, nullable=False),
    Column("content_hash", Text, nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("captured_at", Double),  # seconds since the Unix epoch
    Column("lat", Double),
    Column("lon", Double),
    Column("attributes", Text, nullable=False),  # JSON
    Column("source", AnyText),  # where its message came from, where that is known
    Column("partition", Integer),
    Column("offset", BigInteger),
    UniqueConstraint("scope_n", "image_id", name="images_once"),
)
wanting = Table(
    "wanting",
    METADATA,
    Column("image_n", NUMBER, primary_key=True, autoincrement=False),  # has no thumbnail yet
)
thumbnails = Table(
    "thumbnails",
    METADATA,
    Column("scope_n", Integer, primary_key=True, autoincrement=False),
    Column("image_id", AnyText, primary_key=True),
    Column("content_hash", Text, nullable=False),  # of the photo that it is of
    Column("jpeg", LargeBinary, nullable=False),  # empty where none can be had
)
clusters = Table(
    "clusters",
    METADATA,
    Column("n", NUMBER, primary_key=True, autoincrement=False),
    Column("scope_n", Integer, nullable=False),
    Column("cluster_id", AnyText, nullable=False),
    Column("state", Text, nullable=False),
    Column("heir_n", BigInteger),  # where a retired one went
    Column("founded", BigInteger, nullable=False),
    Column("revision", BigInteger, nullable=False),
    Column("pinned", Boolean, nullable=False),
    Column("name", AnyText, nullable=False),
    Column("name_key", AnyText, nullable=False),  # the name, folded, to sort and search by
    Column("size", Integer, nullable=False),
    Column("spread", Double, nullable=False),
    Column("first", Double),  # capture times, seconds since the Unix epoch
    Column("last", Double),
    Column("x", BigInteger, nullable=False),  # sums of places, `exporters.view.tally`
    Column("y", BigInteger, nullable=False),
    Column("z", BigInteger, nullable=False),
    Column("located", Integer, nullable=False),  # members whose place is known
    Column("changed", BigInteger, nullable=False),  # number of the last event about it
    # Last, because SQLite reads through what is long to get at what comes behind it.
    Column("total", Sums),  # of the members' vectors
    Column("mean", Embedding),  # its direction
    UniqueConstraint("scope_n", "cluster_id", name="clusters_once"),
    Index("clusters_changed", "changed"),
    Index("clusters_by_change", "scope_n", "changed"),
    Index("clusters_by_size", "scope_n", "size"),
    Index("clusters_by_spread", "state", "size", "spread"),
)
items = Table(
    "items",
    METADATA,
    Column("n", NUMBER, primary_key=True, autoincrement=False),
    Column("scope_n", Integer, nullable=False),
    Column("item_id", AnyText, nullable=False),
    Column("image_n", BigInteger, nullable=False),
    Column("cluster_n", BigInteger, nullable=False),
    Column("lobe", BigInteger, nullable=False),
    Column("exemplar", Boolean, nullable=False),
    Column("left", Double, nullable=False),  # pixels of the upright original
    Column("top", Double, nullable=False),
    Column("right", Double, nullable=False),
    Column("bottom", Double, nullable=False),
    Column("label", AnyText, nullable=False),  # a detector's class
    Column("tag", AnyText, nullable=False),  # the photo's attribute `label`
    Column("score", Double, nullable=False),
    Column("quality", Double, nullable=False),
    Column("captured_at", Double),
    Column("confidence", Double, nullable=False),
    Column("evidence", Text, nullable=False),  # JSON
    UniqueConstraint("scope_n", "item_id", name="items_once"),
    Index("items_of_cluster", "cluster_n", "n"),
    Index("items_by_capture", "cluster_n", "captured_at"),
    Index("items_by_label", "label", "cluster_n"),
    Index("items_by_tag", "tag", "cluster_n"),
    Index("items_of_image", "image_n"),
    Index("items_of_lobe", "scope_n", "lobe"),
    Index("items_unsure", "scope_n", "confidence"),
)
Index(
    "items_exemplary",
    items.c.cluster_n,
    items.c.n,
    sqlite_where=items.c.exemplar,
    postgresql_where=items.c.exemplar,
)
vectors = Table(
    "vectors",
    METADATA,
    Column("item_n", NUMBER, primary_key=True, autoincrement=False),
    Column("scope_n", Integer, nullable=False),
    Column("vector", Embedding, nullable=False),
    Index("vectors_of_scope", "scope_n", "item_n"),
)
erasures = Table(
    "erasures",
    METADATA,
    Column("n", NUMBER, primary_key=True, autoincrement=False),
    Column("scope_n", Integer, nullable=False),
    Column("item_n", BigInteger, nullable=False),
)
events = Table(
    "events",
    METADATA,
    Column("number", NUMBER, primary_key=True, autoincrement=False),
    Column("scope_n", Integer, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("body", Text, nullable=False),  # JSON: `engine.wire.event_body`
    UniqueConstraint("scope_n", "seq", name="events_once"),
)
lineage = Table(
    "lineage",
    METADATA,
    Column("cluster_n", BigInteger, primary_key=True, autoincrement=False),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)
commands = Table(
    "commands",
    METADATA,
    Column("scope_n", Integer, primary_key=True, autoincrement=False),
    Column("command_id", AnyText, primary_key=True),
    Column("applied", Boolean, nullable=False),
    Column("body", Text, nullable=False),  # JSON: the order, or why it was refused
    Column("author", AnyText, nullable=False),
    Column("asked_at", Double),
    Column("first_event", BigInteger),  # numbers
    Column("last_event", BigInteger),
    Column("told", BigInteger, nullable=False),  # number of the last event before it was settled
    Index("commands_told", "scope_n", "told"),
)
rejections = Table(
    "rejections",
    METADATA,
    Column("source", AnyText, primary_key=True),
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("offset", BigInteger, primary_key=True, autoincrement=False),
    Column("scope_n", Integer, nullable=False),
    Column("of", Text, nullable=False),
    Column("id", AnyText, nullable=False),
    Column("reason", AnyText, nullable=False),
    Column("detail", AnyText, nullable=False),
    Index("rejections_by_reason", "scope_n", "of", "reason"),
)
apart = Table(
    "apart",
    METADATA,
    Column("scope_n", Integer, primary_key=True, autoincrement=False),
    Column("one", BigInteger, primary_key=True, autoincrement=False),  # lobes that people
    Column("other", BigInteger, primary_key=True, autoincrement=False),  # said are not the same
)
points = Table(
    "points",
    METADATA,
    Column("item_n", NUMBER, primary_key=True, autoincrement=False),
    Column("scope_n", Integer, nullable=False),
    Column("x", Double, nullable=False),  # within [-1, 1]
    Column("y", Double, nullable=False),
    Column("z", Double, nullable=False),
    Index("points_of_scope", "scope_n"),
)
pairs = Table(
    "pairs",
    METADATA,
    Column("one_n", BigInteger, primary_key=True, autoincrement=False),
    Column("other_n", BigInteger, primary_key=True, autoincrement=False),
    Column("scope_n", Integer, nullable=False),
    Column("similarity", Double, nullable=False),
    Index("pairs_of_scope", "scope_n", "similarity"),
)
