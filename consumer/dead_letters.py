"""Reading dead letters: all there are, or those that nobody has sent again yet."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

from kafka import KafkaConsumer, OffsetAndMetadata, TopicPartition

from consumer.connection import REQUEST_TIMEOUT_MS, Broker, connecting, open_reader, talking
from consumer.restore import read_journal
from consumer.topics import topic_name
from engine.dead_letter import DeadLetter, read_dead_letter
from engine.errors import Misconfigured


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the topic of dead letters one lies."""

    partition: int
    offset: int


def dead_letters(broker: Broker, prefix: str, *, fresh: bool) -> Iterator[tuple[Place, DeadLetter]]:
    """Every dead letter there is now; `fresh`: only those behind what `mark_replayed` noted.

    Raises Misconfigured where no broker answers or there is no such topic, Transient where
    Kafka stalls.
    """
    topic = topic_name(prefix, "dead-letters")
    with connecting(broker):
        reader = open_reader(broker)
    with closing(reader), talking(broker):
        partitions = sorted(reader.partitions_for_topic(topic) or ())
    if not partitions:
        raise Misconfigured(f"there is no topic {topic} at {broker.bootstrap}")
    starts = _replayed(broker, prefix, partitions) if fresh else dict.fromkeys(partitions, 0)
    for partition in partitions:
        for offset, record in read_journal(
            broker, (topic, partition), starts[partition], lambda: None
        ):
            letter = read_dead_letter(record)
            if letter is not None:
                yield Place(partition, offset), letter


def mark_replayed(broker: Broker, prefix: str, reached: dict[int, int]) -> None:
    """Note the last offset that was dealt with, by partition; raises Transient."""
    topic = topic_name(prefix, "dead-letters")
    offsets = {
        TopicPartition(topic, partition): OffsetAndMetadata(offset + 1, "", -1)
        for partition, offset in reached.items()
    }
    with closing(_keeper(broker, prefix)) as keeper, talking(broker):
        keeper.assign(list(offsets))
        keeper.commit(offsets, timeout_ms=REQUEST_TIMEOUT_MS)


def _replayed(broker: Broker, prefix: str, partitions: list[int]) -> dict[int, int]:
    """The first offset of each partition that nobody has dealt with yet."""
    topic = topic_name(prefix, "dead-letters")
    with closing(_keeper(broker, prefix)) as keeper, talking(broker):
        found = {
            partition: keeper.committed(
                TopicPartition(topic, partition), timeout_ms=REQUEST_TIMEOUT_MS
            )
            for partition in partitions
        }
    return {partition: offset or 0 for partition, offset in found.items()}


def _keeper(broker: Broker, prefix: str) -> KafkaConsumer:
    """A consumer for its group's offsets alone: it never joins, and reads nothing."""
    with connecting(broker):
        return KafkaConsumer(
            **broker.options(),
            group_id=f"{topic_name(prefix, 'dead-letters')}.replay",
            enable_auto_commit=False,
            allow_auto_create_topics=False,
        )
