"""The topics Cairn uses, created with the policies they need."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass

from kafka.admin import KafkaAdminClient
from kafka.errors import TopicAlreadyExistsError

from consumer.connection import Broker, connecting, talking
from engine.errors import Misconfigured

COMPACTED = frozenset({"clusters", "journal"})
ALIGNED = ("images", "commands", "journal")
"""Topics whose partitions correspond: a shard is the same number in each of them."""

KINDS = ("images", "commands", "events", "clusters", "journal", "dead-letters")
READ = frozenset({"images", "commands"})
HEADROOM_BYTES = 128 * 1024
"""What Cairn adds to a message that it hands on: a dead letter's reasons, a journal's frame."""


@dataclass(frozen=True, slots=True)
class TopicLayout:
    """What to create where it is missing; a replication of -1 leaves it to the broker."""

    prefix: str = "cairn"
    partitions: int = 6
    replication: int = -1
    max_message_bytes: int = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic at the broker."""

    name: str
    partitions: int
    copies: int


def topic_name(prefix: str, kind: str) -> str:
    """Name a topic: `cairn.images`."""
    return f"{prefix}.{kind}"


def ensure_topics(broker: Broker, layout: TopicLayout) -> None:
    """Create the missing topics. Raises Misconfigured where existing ones do not fit together."""
    with connecting(broker):
        admin = KafkaAdminClient(**broker.options())
    with closing(admin), talking(broker):
        present = set(admin.list_topics())
        missing = [k for k in KINDS if topic_name(layout.prefix, k) not in present]
        for kind in missing:
            _create(admin, layout, kind)
        admin.wait_for_topics([topic_name(layout.prefix, kind) for kind in KINDS])
        _require_aligned(_partition_counts(admin, layout.prefix))


def describe_topics(broker: Broker, prefix: str) -> list[Topic]:
    """Every topic of a prefix as it is at the broker. Raises Misconfigured, Transient."""
    with connecting(broker):
        admin = KafkaAdminClient(**broker.options())
    with closing(admin), talking(broker):
        found = admin.describe_topics([topic_name(prefix, kind) for kind in KINDS])
    return [
        Topic(
            topic["name"],
            len(topic["partitions"]),
            max(len(partition["replica_nodes"]) for partition in topic["partitions"]),
        )
        for topic in found
    ]


def _create(admin: KafkaAdminClient, layout: TopicLayout, kind: str) -> None:
    spec = {
        "num_partitions": layout.partitions,
        "replication_factor": layout.replication,
        "configs": _policies(kind, layout.max_message_bytes),
    }
    try:
        admin.create_topics({topic_name(layout.prefix, kind): spec})
    except TopicAlreadyExistsError:
        return  # another worker started at the same moment


def _policies(kind: str, max_message_bytes: int) -> dict[str, str]:
    cleanup = {
        "cleanup.policy": "compact" if kind in COMPACTED else "delete",
        # By the sender's clock, what a wrong one dates back would be deleted as too old.
        "message.timestamp.type": "LogAppendTime",
    }
    if kind in READ:
        # The limit counts bytes as stored: were they compressed, it would bound nothing.
        stored = {"compression.type": "uncompressed", "max.message.bytes": str(max_message_bytes)}
        return cleanup | stored
    return cleanup | {"max.message.bytes": str(max_message_bytes + HEADROOM_BYTES)}


def _partition_counts(admin: KafkaAdminClient, prefix: str) -> dict[str, int]:
    topics = admin.describe_topics([topic_name(prefix, kind) for kind in ALIGNED])
    return {topic["name"]: len(topic["partitions"]) for topic in topics}


def _require_aligned(counts: Mapping[str, int]) -> None:
    if len(set(counts.values())) > 1:
        found = ", ".join(f"{name} has {n}" for name, n in sorted(counts.items()))
        raise Misconfigured(f"these topics need the same number of partitions, but {found}")
