"""How much of a topic its consumer group has not committed yet, asked from outside the group."""

from __future__ import annotations

from collections.abc import Mapping

from kafka import TopicPartition
from kafka.admin import KafkaAdminClient, OffsetSpec

from consumer.connection import REQUEST_TIMEOUT_MS, Broker, connecting, open_client, talking


class GroupLag:
    """What waits for the members of a group; for one thread at a time."""

    def __init__(self, broker: Broker, admin: KafkaAdminClient, topic: str, group: str) -> None:
        self._broker = broker
        self._admin = admin
        self._topic = topic
        self._group = group

    def behind(self) -> Mapping[int, int]:
        """Count the messages of each partition that nobody has decided yet.

        Raises Transient where the broker does not answer, Misconfigured where it refuses.
        """
        with talking(self._broker):
            (topic,) = self._admin.describe_topics([self._topic])
            where = [
                TopicPartition(self._topic, one["partition_index"]) for one in topic["partitions"]
            ]
            first = self._admin.list_partition_offsets(dict.fromkeys(where, OffsetSpec.EARLIEST))
            end = self._admin.list_partition_offsets(dict.fromkeys(where, OffsetSpec.LATEST))
            groups = self._admin.list_group_offsets({self._group: where})
        read = {tp: one.offset for tp, one in groups.get(self._group, {}).items()}
        return {
            tp.partition: end[tp].offset - max(first[tp].offset, read.get(tp, 0)) for tp in where
        }

    def close(self) -> None:
        """Release the connection."""
        self._admin.close()


def open_group_lag(broker: Broker, topic: str, group: str) -> GroupLag:
    """Connect; raises Misconfigured where no broker answers."""
    with connecting(broker):
        options = {**broker.options(), "request_timeout_ms": REQUEST_TIMEOUT_MS}
        admin = open_client(KafkaAdminClient, **options)
    return GroupLag(broker, admin, topic, group)
