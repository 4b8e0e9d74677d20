"""Reads a journal partition from some offset to its end, to rebuild a shard.

What was made with another encoder or profile is refused before anything of it is kept. Uses a
consumer of its own, without a group; the main consumer stays in its group meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from time import monotonic

from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka.admin import OffsetSpec

from consumer.connection import (
    REQUEST_TIMEOUT_MS,
    Broker,
    connecting,
    open_client,
    open_reader,
    talking,
)
from engine.errors import StateMismatch, Transient
from engine.wire import IDENTITY, Record

POLL_MS = 20
"""Behind the last record lies the mark of its transaction, which is read but never given out."""
STALL_S = 60.0
"""Longer than a dead worker's transaction can stay open; nothing healthy stalls so long."""


def read_journal(
    broker: Broker, where: tuple[str, int], start: int, keep_alive: Callable[[], None]
) -> Generator[tuple[int, Record]]:
    """Yield (offset, record) of all that is committed in (topic, partition) from `start` on.

    Call it once the group's committed offset of the partition is known (`KafkaSource.committed`
    waits for it): then nothing that the offset covers can still be unwritten. The end is the
    end of the log, not of what is committed: a transaction that is still open there is waited
    for. `keep_alive` is called between reads.

    Raises StateMismatch where `start` lies behind the end, Transient where Kafka stalls.
    """
    partition = TopicPartition(*where)
    with talking(broker):
        end = _log_end(broker, partition)
        if start > end:
            raise StateMismatch(
                f"the local state knows offset {start - 1} of {where[0]} partition {where[1]}, "
                f"which ends at {end}: it belongs to another journal; delete it to rebuild it"
            )
        with closing(open_reader(broker)) as consumer:
            consumer.assign([partition])
            consumer.seek(partition, start)
            yield from _read_until(end, consumer, partition, keep_alive)


def check_journal(
    broker: Broker, topic: str, identity: str, keep_alive: Callable[[], None]
) -> None:
    """Look at the first record of every partition, before a worker joins its group.

    A worker that owns nothing yet would see nothing amiss, and begin a journal of two encoders.
    `keep_alive` is called between reads. Raises StateMismatch, and Misconfigured where no broker
    answers.
    """
    with connecting(broker):
        reader = open_reader(broker)
    with closing(reader), talking(broker):
        partitions = sorted(reader.partitions_for_topic(topic) or ())
    for partition in partitions:
        with closing(read_journal(broker, (topic, partition), 0, keep_alive)) as records:
            checked = made_with(identity, records, (topic, partition))
            next((record for _, record in checked if record.value is not None), None)


def journal_identity(broker: Broker, topic: str) -> str | None:
    """What a journal was made with, by its first record; None where it is empty.

    Raises Misconfigured where no broker answers.
    """
    with connecting(broker):
        reader = open_reader(broker)
    with closing(reader), talking(broker):
        partitions = sorted(reader.partitions_for_topic(topic) or ())
    for partition in partitions:
        with closing(read_journal(broker, (topic, partition), 0, lambda: None)) as records:
            for _, record in records:
                return dict(record.headers).get(IDENTITY, b"something unknown").decode()
    return None


def made_with(
    identity: str, records: Iterable[tuple[int, Record]], where: tuple[str, int]
) -> Iterator[tuple[int, Record]]:
    """Pass on the (offset, record) of a journal partition while they have this identity.

    Raises StateMismatch at the first one that has another, or none.
    """
    for offset, record in records:
        found = dict(record.headers).get(IDENTITY, b"something unknown").decode("utf-8", "replace")
        if record.value is not None and found != identity:
            raise StateMismatch(
                f"{where[0]} partition {where[1]} was made with {found}, but {identity} is "
                "configured: restore that configuration, or choose another kafka.topic_prefix and "
                "produce the photos anew"
            )
        yield offset, record


def _log_end(broker: Broker, partition: TopicPartition) -> int:
    with closing(open_client(KafkaAdminClient, **broker.options())) as admin:
        offsets = admin.list_partition_offsets({partition: OffsetSpec.LATEST})
    return int(offsets[partition].offset)


def _read_until(
    end: int, consumer: KafkaConsumer, partition: TopicPartition, keep_alive: Callable[[], None]
) -> Iterator[tuple[int, Record]]:
    """Read by position: control records and aborted ones take offsets but never arrive."""
    position = consumer.position(partition, timeout_ms=REQUEST_TIMEOUT_MS)
    moved = monotonic()
    while position < end:
        for message in consumer.poll(timeout_ms=POLL_MS).get(partition, ()):
            if message.offset < end:
                yield message.offset, Record(message.key, message.value, tuple(message.headers))
        keep_alive()
        reached = consumer.position(partition, timeout_ms=REQUEST_TIMEOUT_MS)
        if reached != position:
            position, moved = reached, monotonic()
        elif monotonic() - moved > STALL_S:
            raise Transient(f"{partition.topic} stalls at offset {position} of {end}")
