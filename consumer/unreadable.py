"""Finds records that the Kafka client cannot parse: its error does not say where they are.

A client that met such a record and polls on from the same position never returns. So another
one looks, and is thrown away.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import CorruptRecordError

from consumer.connection import REQUEST_TIMEOUT_MS, Broker, open_reader

PROBE_MS = 5000


def find_unreadable(
    broker: Broker, positions: Mapping[TopicPartition, int]
) -> list[TopicPartition]:
    """List the partitions whose next record from their position on cannot be parsed.

    Raises KafkaError where the broker does not answer.
    """
    with closing(open_reader(broker)) as reader:
        ends = reader.end_offsets(list(positions), timeout_ms=REQUEST_TIMEOUT_MS)
        waiting = [where for where in sorted(positions) if positions[where] < ends[where]]
        return [where for where in waiting if _is_unreadable(reader, where, positions[where])]


def _is_unreadable(reader: KafkaConsumer, where: TopicPartition, position: int) -> bool:
    reader.assign([where])
    reader.seek(where, position)
    try:
        reader.poll(timeout_ms=PROBE_MS, max_records=1)
    except CorruptRecordError:
        return True
    return False
