"""Photos and commands from Kafka: a member of a consumer group as a Source.

Everything here belongs to one thread, the poll loop. The client calls its rebalance listener
on its own I/O thread, where nothing may block: the listener notes what happened and pauses
what is new, and the loop reads the notes with `changes()`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import CorruptRecordError

from consumer.assignment import Change, Listener, RangeAssignor
from consumer.connection import GLANCE_TIMEOUT_MS, REQUEST_TIMEOUT_MS, Broker, connecting, talking
from consumer.joining import keep_join
from consumer.portion import room
from consumer.unreadable import find_unreadable
from engine.command_message import parse_command, unreadable_command
from engine.errors import BadCommand, BadImage, Misconfigured, Transient
from engine.photo_message import parse_photo, rejection_of
from engine.types import Message, Origin, Rejection
from engine.wire import Record

KEEP_ALIVE_MS = 10
"""Enough for the client to take a step of a rebalance; at 0 its unfinished steps pile up."""
MAX_DETAIL = 200
"""The client's error quotes what it could not parse, which may be as long as a message."""


@dataclass(frozen=True, slots=True)
class SourceSettings:
    """Whose photos to read, and whose commands on them, and as whom.

    instance_id: name of this worker, stable over restarts and unique in the group; with it
    a restart within `session_timeout_ms` moves no partitions.
    """

    topic: str
    commands: str
    group: str
    instance_id: str | None = None
    max_message_bytes: int = 8 * 1024 * 1024
    session_timeout_ms: int = 45_000
    max_poll_interval_ms: int = 300_000


def open_source(broker: Broker, settings: SourceSettings) -> KafkaSource:
    """Join the group. Raises Misconfigured where no broker answers or the topic is missing."""
    with connecting(broker):
        consumer = KafkaConsumer(**broker.options(), **_consumer_options(settings))
    listener = Listener(consumer)
    topics = (settings.topic, settings.commands)
    consumer.subscribe(topics, listener=listener)
    # Asked after subscribing, or the group would learn the partitions late and rebalance twice.
    missing = [topic for topic in topics if not consumer.partitions_for_topic(topic)]
    if missing:
        consumer.close()
        raise Misconfigured(f"there is no topic {missing[0]} at {broker.bootstrap}; create it")
    return KafkaSource(broker, topics, consumer, listener)


def _consumer_options(settings: SourceSettings) -> dict[str, object]:
    return {
        "group_id": settings.group,
        "group_instance_id": settings.instance_id,
        "enable_auto_commit": False,  # offsets are committed in the producer's transaction
        "isolation_level": "read_committed",
        "auto_offset_reset": "earliest",
        "allow_auto_create_topics": False,
        "partition_assignment_strategy": [RangeAssignor],
        "max_partition_fetch_bytes": 2 * settings.max_message_bytes,
        "fetch_max_bytes": 8 * settings.max_message_bytes,
        "session_timeout_ms": settings.session_timeout_ms,
        "heartbeat_interval_ms": settings.session_timeout_ms // 10,
        "max_poll_interval_ms": settings.max_poll_interval_ms,
        "metrics_enabled": False,  # nobody reads the client's own
    }


class KafkaSource:
    """The photos of one topic and the commands of another, in order within each partition.

    Who owns a partition of the photos owns that of the commands: the range assignor gives both
    to one member, as they have the same number. A newly assigned partition stays silent until
    `resume`: first its shard must be recovered. Messages given out and not yet `release`d are
    kept, so that a dead letter can carry them.
    """

    def __init__(
        self, broker: Broker, topics: tuple[str, str], consumer: KafkaConsumer, listener: Listener
    ) -> None:
        self._broker = broker
        self._photos, self._commands = topics
        self._consumer = consumer
        self._listener = listener
        self._in_flight: dict[Origin, Record] = {}
        self._ahead: list[Message] = []
        self._may_owe_error = False
        self._generation: Any = None

    @property
    def exhausted(self) -> bool:
        """Never: a topic has no end."""
        return False

    def poll(self, limit: int, timeout_s: float) -> Sequence[Message]:
        """Wait for messages of resumed partitions; read `changes()` before using them.

        Raises Transient where the broker fails, Misconfigured where it refuses this worker.
        """
        messages, self._ahead = self._ahead, []
        wait_ms = 0 if messages else int(timeout_s * 1000)
        try:
            while (left := room(limit, messages)) and (more := self._next(left, wait_ms)):
                messages += more
                wait_ms = 0
        except Transient:
            if not messages:  # what was read has moved the position: it would be lost
                raise
        return messages

    def _next(self, limit: int, wait_ms: int) -> Sequence[Message]:
        """Take some messages, or step over those that cannot be parsed; none where none is there.

        Where the client gives fewer than it may, it perhaps came upon one that it cannot parse,
        and keeps the error for the next call. It would forget it where that call finds the
        partition paused, and then never return: see `keep_alive`.
        """
        with talking(self._broker):
            try:
                fetched = self._poll(wait_ms, max_records=limit)
            except CorruptRecordError as error:
                return self._step_over_unreadable(error)
        if fetched:
            self._generation = self._consumer.group_metadata()
        found = [self._message(message) for messages in fetched.values() for message in messages]
        if found:
            self._may_owe_error = len(found) < limit
        return found

    def _poll(self, wait_ms: int, **limit: int) -> Any:
        try:
            return self._consumer.poll(timeout_ms=wait_ms, **limit)
        finally:
            keep_join(self._consumer)

    def _message(self, message: Any) -> Message:
        origin = Origin(message.topic, message.partition, message.offset)
        headers = tuple((name, raw or b"") for name, raw in message.headers)
        self._in_flight[origin] = Record(message.key or b"", message.value, headers)
        try:
            if message.topic == self._commands:
                return parse_command(message.key, message.value, origin)
            return parse_photo(message.key, message.value, headers, origin)
        except BadCommand as error:
            return unreadable_command(message.key, message.value, origin, error)
        except BadImage as error:
            return rejection_of(message.key, headers, origin, error)

    def _step_over_unreadable(self, error: CorruptRecordError) -> Sequence[Rejection]:
        """Leave behind every next record that the client cannot parse (a header not in UTF-8).

        Of a sender's batch that holds such a record, what follows it goes the same way, one by
        one. Empty where the partitions were taken away meanwhile. Raises Misconfigured where
        Kafka does not answer.
        """
        running = self._consumer.assignment() - self._consumer.paused()
        with connecting(self._broker):  # waiting for Kafka instead would mean to poll again
            at = {where: self._consumer.position(where, REQUEST_TIMEOUT_MS) for where in running}
            unreadable = find_unreadable(self._broker, at)
        if self._listener.notes:
            return []
        if not unreadable:
            raise error
        self._may_owe_error = False
        # Left at its position, the next poll would look for more of the broken batch for ever.
        for where in unreadable:
            self._consumer.seek(where, at[where] + 1)
        self._generation = self._consumer.group_metadata()
        detail = f"unreadable: {error}"[:MAX_DETAIL]
        return [
            Rejection(
                "", "", Origin(where.topic, where.partition, at[where]), "bad_message", detail
            )
            for where in unreadable
        ]

    def keep_alive(self) -> None:
        """Stay in the group without reading: poll once with everything paused.

        Where the client may owe an error, one message is read instead, for the next `poll`.
        """
        if self._may_owe_error:
            self._ahead += self._next(1, KEEP_ALIVE_MS)
            return
        running = self._consumer.assignment() - self._consumer.paused()
        self._consumer.pause(*running)
        before = len(self._listener.notes)
        try:
            with talking(self._broker):
                self._poll(KEEP_ALIVE_MS)
        finally:
            if len(self._listener.notes) == before:  # else they are new, and paused for a reason
                self._consumer.resume(*running)

    @property
    def joined(self) -> bool:
        """Whether the group has told this member what it owns, be it nothing, and it was heard."""
        return self._listener.joined and not self._listener.notes

    def changes(self) -> list[Change]:
        """Take what happened to the assignment since the last call, in order."""
        notes = self._listener.notes
        taken = [notes.popleft() for _ in range(len(notes))]
        for change in taken:
            if change.kind != "assigned":
                self._forget(change.partitions)
        return taken

    def assigned(self) -> frozenset[int]:
        """List the partitions this member owns now; none while the group rebalances."""
        return frozenset(tp.partition for tp in self._listener.owned if tp.topic == self._photos)

    def resume(self, partitions: Iterable[int]) -> None:
        """Read from these (again).

        Does nothing where changes wait to be read: what was recovered may be stale by now.
        """
        if not self._listener.notes:
            self._consumer.resume(*self._listener.owned.intersection(self._at(partitions)))

    def committed(self, partition: int) -> dict[TopicPartition, int | None]:
        """Next offset the group has to read in either topic, None where none was committed.

        Waits until no transaction of an earlier owner is pending on it. Raises Transient.
        """
        with talking(self._broker):
            return {
                where: self._consumer.committed(where, timeout_ms=REQUEST_TIMEOUT_MS)
                for where in self._at([partition])
            }

    def seek_to_committed(self, partition: int) -> None:
        """Read on from what is committed, as after a transaction that came to nothing.

        Does nothing to a partition that is no longer owned. Raises Transient.
        """
        for where, offset in self.committed(partition).items():
            if where not in self._listener.owned:
                continue
            if offset is None:
                self._consumer.seek_to_beginning(where)
            else:
                self._consumer.seek(where, offset)
        self._forget([partition])

    def group_metadata(self) -> Any:
        """Tell as whom the last messages were read, for `KafkaCommitter.commit`.

        Not as whom they would be read now: after a rebalance they may be another member's,
        and only the generation that read them lets the broker refuse their commit.
        """
        return self._generation

    def lag(self) -> dict[tuple[str, int], int]:
        """Count the messages not yet read, by topic and partition. Raises Transient."""
        owned = list(self._listener.owned)
        with talking(self._broker):
            ends = self._consumer.end_offsets(owned, timeout_ms=GLANCE_TIMEOUT_MS)
            positions = {tp: self._consumer.position(tp, GLANCE_TIMEOUT_MS) for tp in owned}
        return {(tp.topic, tp.partition): max(0, ends[tp] - (positions[tp] or 0)) for tp in owned}

    def original(self, origin: Origin) -> Record | None:
        """Give the message behind an origin, as it came, until it is released."""
        return self._in_flight.get(origin)

    def release(self, origins: Iterable[Origin]) -> None:
        """Drop the originals of messages whose batch is committed."""
        for origin in origins:
            self._in_flight.pop(origin, None)

    def close(self) -> None:
        """Leave the group (a member with an instance id keeps its place for a while)."""
        self._consumer.close(autocommit=False, timeout_ms=GLANCE_TIMEOUT_MS)

    def _at(self, partitions: Iterable[int]) -> list[TopicPartition]:
        topics = (self._photos, self._commands)
        return [TopicPartition(topic, one) for one in partitions for topic in topics]

    def _forget(self, partitions: Collection[int]) -> None:
        kept = {o: r for o, r in self._in_flight.items() if o.partition not in partitions}
        self._in_flight = kept
        self._ahead = [one for one in self._ahead if one.origin.partition not in partitions]
