"""Reads messages again by where they lay: the photos behind images that were clustered before."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from time import monotonic

from kafka import KafkaConsumer, TopicPartition

from consumer.connection import REQUEST_TIMEOUT_MS, Broker, connecting, open_reader, talking
from engine.errors import Transient
from engine.types import Origin
from engine.wire import Record

NEAR = 64
"""Offsets that are read through rather than looked up anew."""
POLL_MS = 1000


class KafkaOriginals:
    """Messages by origin, as long as the topic keeps them; for one thread at a time."""

    def __init__(self, broker: Broker, consumer: KafkaConsumer) -> None:
        self._broker = broker
        self._consumer = consumer

    def read(self, origins: Iterable[Origin]) -> dict[Origin, Record]:
        """What is still there, by origin. Raises Transient where the broker does not answer."""
        wanted: dict[TopicPartition, set[int]] = defaultdict(set)
        for origin in origins:
            wanted[TopicPartition(origin.source, origin.partition)].add(origin.offset)
        with talking(self._broker):
            return {
                Origin(where.topic, where.partition, offset): record
                for where, offsets in wanted.items()
                if where.partition in self._consumer.partitions_for_topic(where.topic)
                for stretch in _stretches(sorted(offsets))
                for offset, record in self._stretch(where, stretch)
                if offset in offsets
            }

    def close(self) -> None:
        """Release the connection."""
        self._consumer.close()

    def _stretch(
        self, where: TopicPartition, offsets: tuple[int, int]
    ) -> Iterator[tuple[int, Record]]:
        """Every record from the first offset to the last, where they are still kept.

        Raises Transient where it gets no further: the client goes on asking who went away.
        """
        first, last = offsets
        self._consumer.assign([where])
        end = min(last + 1, self._consumer.end_offsets([where], REQUEST_TIMEOUT_MS)[where])
        self._consumer.seek(where, first)
        at, moved_at = first, monotonic()
        while at < end:
            for message in self._consumer.poll(timeout_ms=POLL_MS).get(where, ()):
                record = Record(message.key or b"", message.value, tuple(message.headers))
                yield message.offset, record
            reached = self._consumer.position(where, timeout_ms=REQUEST_TIMEOUT_MS)
            if reached is not None and reached != at:
                at, moved_at = reached, monotonic()
            elif monotonic() - moved_at > REQUEST_TIMEOUT_MS / 1000:
                raise Transient(f"Kafka at {self._broker.bootstrap} does not answer")


def open_originals(broker: Broker) -> KafkaOriginals:
    """Connect; raises Misconfigured where no broker answers."""
    with connecting(broker):
        return KafkaOriginals(broker, open_reader(broker))


def _stretches(offsets: list[int]) -> Iterator[tuple[int, int]]:
    """First and last of offsets that lie near each other."""
    first = last = offsets[0]
    for offset in offsets[1:]:
        if offset - last > NEAR:
            yield first, last
            first = offset
        last = offset
    yield first, last
