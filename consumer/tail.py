"""Follows topics of Cairn as they grow, without a group: for whoever shows what happened.

Nothing is committed anywhere: a follower keeps the places it has come to beside what it made of
them, and begins behind those.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from kafka import KafkaConsumer, TopicPartition

from consumer.connection import GLANCE_TIMEOUT_MS, Broker, connecting, open_reader, talking
from consumer.journal import JOURNAL, Shown
from engine.dead_letter import DeadLetter, read_dead_letter
from engine.errors import Misconfigured, StateMismatch
from engine.types import Origin, Outcome
from engine.wire import Record

Reached = Callable[[str, int], int | None]
"""The last offset that a follower has of a source and partition, None at the beginning."""
DEAD_LETTERS = "dead-letters"
"""Source name of the places in the topic of dead letters."""


class Tail:
    """One topic, all its partitions, each in order; only what is committed."""

    def __init__(self, broker: Broker, consumer: KafkaConsumer) -> None:
        self._broker = broker
        self._consumer = consumer

    def poll(self, timeout_s: float) -> list[tuple[int, int, Record]]:
        """Partition, offset and record of what came; waits for the first. Raises Transient."""
        with talking(self._broker):
            fetched = self._consumer.poll(timeout_ms=int(timeout_s * 1000))
        return [
            (one.partition, one.offset, Record(one.key or b"", one.value, tuple(one.headers)))
            for messages in fetched.values()
            for one in messages
        ]

    def behind(self) -> Mapping[int, int]:
        """How many records of each partition were not polled yet. Raises Transient."""
        with talking(self._broker):
            where = sorted(self._consumer.assignment())
            ends = self._consumer.end_offsets(where, timeout_ms=GLANCE_TIMEOUT_MS)
            at = {tp: self._consumer.position(tp, timeout_ms=GLANCE_TIMEOUT_MS) for tp in where}
        return {tp.partition: max(0, ends[tp] - (at[tp] or 0)) for tp in where}

    def close(self) -> None:
        """Release the connection."""
        self._consumer.close()


def open_tail(broker: Broker, topic: str, source: str, reached: Reached) -> Tail:
    """Begin behind what was reached of each partition.

    Raises Misconfigured where no broker answers or there is no such topic, StateMismatch where
    the topic was made anew since.
    """
    with connecting(broker):
        consumer = open_reader(broker)
        partitions = sorted(consumer.partitions_for_topic(topic) or ())
    if not partitions:
        consumer.close()
        raise Misconfigured(f"there is no topic {topic} at {broker.bootstrap}")
    where = [TopicPartition(topic, partition) for partition in partitions]
    with connecting(broker):
        ends = consumer.end_offsets(where)
    consumer.assign(where)
    for one in where:
        last = reached(source, one.partition)
        start = 0 if last is None else last + 1
        if start > ends[one]:
            consumer.close()
            raise StateMismatch(
                f"{topic} partition {one.partition} ends at {ends[one]}, and {start} records were "
                "read of it: it is another topic than then; begin anew"
            )
        consumer.seek(one, start)
    return Tail(broker, consumer)


class JournalFollower:
    """Outcomes as they are committed, whole again, in the order of each partition."""

    def __init__(self, tail: Tail) -> None:
        self._tail = tail
        self._shown: dict[int, Shown] = {}

    def poll(self, timeout_s: float) -> Sequence[tuple[Origin, Outcome]]:
        """Outcomes and the places of their last records. Raises Transient, Misconfigured."""
        return list(self._outcomes(timeout_s))

    def _outcomes(self, timeout_s: float) -> Iterator[tuple[Origin, Outcome]]:
        for partition, offset, record in self._tail.poll(timeout_s):
            shown = self._shown.setdefault(partition, Shown())
            outcome = shown.outcome(record)
            if outcome is not None:
                yield Origin(JOURNAL, partition, offset), outcome


class DeadLetterFollower:
    """Dead letters as they are committed."""

    def __init__(self, tail: Tail) -> None:
        self._tail = tail

    def poll(self, timeout_s: float) -> Sequence[tuple[Origin, DeadLetter]]:
        """Letters and their places; what others wrote there is passed over. Raises Transient."""
        return [
            (Origin(DEAD_LETTERS, partition, offset), letter)
            for partition, offset, record in self._tail.poll(timeout_s)
            if (letter := read_dead_letter(record)) is not None
        ]
