"""What the group has told so far and how far it has read, watched from outside."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from contextlib import suppress

import orjson
from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from consumer.connection import Broker
from engine.lineage import Assigned, Created
from engine.wire import EVENT_TYPES


class Story:
    """Follows the topic of events. clusters, images: ids by scope, as they are told."""

    def __init__(self, broker: Broker, prefix: str) -> None:
        options = {"group_id": None, "isolation_level": "read_committed"}
        self._consumer = KafkaConsumer(**broker.options(), **options)
        topic = f"{prefix}.events"
        where = [TopicPartition(topic, p) for p in self._consumer.partitions_for_topic(topic)]
        self._consumer.assign(where)
        self._consumer.seek_to_beginning()
        self.clusters: defaultdict[str, list[str]] = defaultdict(list)
        self.images: defaultdict[str, list[str]] = defaultdict(list)

    def follow(self) -> None:
        """Take in what is new."""
        for records in self._consumer.poll(timeout_ms=20).values():
            for record in records:
                self._hear(orjson.loads(record.value))

    def close(self) -> None:
        self._consumer.close()

    def _hear(self, event: Mapping[str, str]) -> None:
        if event["type"] == EVENT_TYPES[Created]:
            self.clusters[event["scope"]].append(event["cluster_id"])
        if event["type"] == EVENT_TYPES[Assigned] and "image_id" in event:
            self.images[event["scope"]].append(event["image_id"])


class Group:
    """How far a group has read its two topics."""

    def __init__(self, broker: Broker, prefix: str, partitions: int) -> None:
        self._admin = KafkaAdminClient(**broker.options())
        self._consumer = KafkaConsumer(**broker.options(), group_id=None)
        self._group = prefix
        self._where = [
            TopicPartition(f"{prefix}.{kind}", partition)
            for kind in ("images", "commands")
            for partition in range(partitions)
        ]
        self.read: dict[int, int] = {}
        self.sent: dict[int, int] = {}

    def look(self) -> None:
        """See how many messages of each partition were sent, and how many of them are done."""
        with suppress(KafkaError):  # the broker is away: what was seen last stands
            self.sent = _by_partition(self._consumer.end_offsets(self._where))
            found = self._admin.list_group_offsets({self._group: self._where})[self._group]
            read = {where: max(0, found[where].offset) for where in found}
            self.read = _by_partition(read)

    @property
    def behind(self) -> int:
        """Messages that were sent and are not done."""
        return sum(self.sent.values()) - sum(self.read.values())

    def close(self) -> None:
        self._admin.close()
        self._consumer.close()


def _by_partition(offsets: Mapping[TopicPartition, int]) -> dict[int, int]:
    summed: defaultdict[int, int] = defaultdict(int)
    for where, offset in offsets.items():
        summed[where.partition] += offset
    return dict(summed)
