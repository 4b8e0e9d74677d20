"""A worker in a group over a scripted client: what comes with a change, and waiting for Kafka."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from threading import Event
from types import SimpleNamespace
from typing import NoReturn

import pytest
from kafka import TopicPartition
from kafka.errors import KafkaConnectionError

from consumer.assignment import Change, Listener
from consumer.connection import Broker
from consumer.group import GroupSource
from consumer.group_shards import GroupShards
from consumer.kafka import KafkaSource
from consumer.portion import MOST_BYTES
from engine.errors import Transient
from engine.photo_message import photo_record
from engine.types import Origin, Photo
from tests.scripts import MemoryCopies

TOPIC = "cairn.images"
COMMANDS = "cairn.commands"


class Client:
    """A member that the group has given partitions: what `polls` says happens, in turn.

    Partitions: the client assigns them, or another assignment takes their place. An error: is
    raised. Anything else: a message of that many bytes.
    """

    def __init__(self, *polls: Sequence[int] | int | Exception) -> None:
        self.listener = Listener(self)
        self.polls = deque(polls)
        self.running: set[TopicPartition] = set()
        self.stopped: set[TopicPartition] = set()
        self.seen: list[frozenset[TopicPartition]] = []
        self.data = b"x"

    def poll(self, timeout_ms: int, max_records: int = 500) -> dict[TopicPartition, list[object]]:
        self.seen.append(frozenset(self.running))
        step = self.polls.popleft() if self.polls else ()
        if isinstance(step, Exception):
            raise step
        if isinstance(step, int):
            return {TopicPartition(TOPIC, 0): [message(step, self.data)]}
        if step:
            self.assign(step)
        return {}

    def assign(self, partitions: Sequence[int]) -> None:
        self.running, self.stopped = {TopicPartition(TOPIC, p) for p in partitions}, set()
        self.listener.on_partitions_assigned(frozenset(self.running))

    def assignment(self) -> set[TopicPartition]:
        return self.running | self.stopped

    def paused(self) -> set[TopicPartition]:
        return set(self.stopped)

    def pause(self, *partitions: TopicPartition) -> None:
        self.running -= set(partitions)
        self.stopped |= set(partitions)

    def resume(self, *partitions: TopicPartition) -> None:
        self.stopped -= set(partitions)
        self.running |= set(partitions)

    def group_metadata(self) -> str:
        return "generation"


def message(offset: int, data: bytes) -> SimpleNamespace:
    record = photo_record(Photo(f"p{offset}", "s", Origin("", 0, 0), data), "image/jpeg")
    return SimpleNamespace(
        topic=TOPIC,
        partition=0,
        offset=offset,
        key=record.key,
        value=record.value,
        headers=record.headers,
    )


def member(client: Client) -> KafkaSource:
    return KafkaSource(Broker("nowhere:9092"), (TOPIC, COMMANDS), client, client.listener)


def running(client: Client) -> KafkaSource:
    """A member that reads the partitions 0 and 1."""
    client.assign([0, 1])
    source = member(client)
    source.changes()
    source.resume([0, 1])
    return source


def test_staying_reads_nothing_and_goes_on() -> None:
    """While kept alive nothing is read; then the same partitions are, the silent ones not."""
    client = Client((), 0)
    source = running(client)
    client.pause(TopicPartition(TOPIC, 1))
    source.keep_alive()
    assert client.seen == [frozenset()]
    assert client.running == {TopicPartition(TOPIC, 0)}


def test_staying_goes_on_where_the_broker_was_away() -> None:
    """A poll that failed leaves no partition paused for ever."""
    client = Client(KafkaConnectionError("away"))
    source = running(client)
    with pytest.raises(Transient):
        source.keep_alive()
    assert client.running == {TopicPartition(TOPIC, 0), TopicPartition(TOPIC, 1)}


def test_staying_leaves_what_is_new_paused() -> None:
    """Partitions that were assigned meanwhile wait for their shards."""
    client = Client([1, 2])
    source = running(client)
    source.keep_alive()
    assert client.running == set()
    assert client.stopped == {TopicPartition(TOPIC, 1), TopicPartition(TOPIC, 2)}


def test_what_was_read_before_the_broker_went_away_is_not_lost() -> None:
    """The client has moved on behind it: it is given out, and the error comes again."""
    client = Client(0, 1, KafkaConnectionError("away"), KafkaConnectionError("away"))
    source = running(client)
    assert [m.origin.offset for m in source.poll(10, 0.0)] == [0, 1]
    with pytest.raises(Transient):
        source.poll(10, 0.0)


def test_heavy_photos_come_few_at_a_time() -> None:
    """However many may be in a batch, it ends once its bytes are enough; the others come next."""
    client = Client(*range(7))
    client.data = bytes(MOST_BYTES // 4)
    source = running(client)
    assert [m.origin.offset for m in source.poll(100, 0.0)] == [0, 1, 2, 3]
    assert [m.origin.offset for m in source.poll(100, 0.0)] == [4, 5, 6]


def test_what_comes_with_a_change_is_dropped() -> None:
    """It was read as whoever this member no longer is; the recovered shard reads it again."""
    client = Client(0, (), 1, [0])
    source = GroupSource(running(client), lambda _: None)
    assert [m.origin.offset for m in source.poll(10, 0.0)] == [0]
    epoch = source.epoch
    assert source.poll(10, 0.0) == []
    assert source.epoch == epoch + 1


def test_a_member_has_joined_once_its_share_was_heard_of() -> None:
    """A share of nothing counts; a share that nobody has taken up yet does not."""
    idle, busy = Client(), Client()
    assert not member(idle).joined
    idle.assign([])
    assert member(idle).joined
    busy.assign([0])
    source = member(busy)
    assert not source.joined
    assert source.changes() == [Change("assigned", (0,))]
    assert source.joined


class Absent:
    """A Kafka that is away; the operator gives up at the first word of it."""

    def __init__(self, stop: Event) -> None:
        self.stop = stop
        self.asked = 0

    def ensure_started(self) -> None:
        self.asked += 1
        self.stop.set()
        raise Transient("Kafka is away")


@pytest.mark.parametrize("before", [True, False])
def test_waiting_for_kafka_ends_with_the_order_to_stop(*, before: bool) -> None:
    """Told while it waits, a worker gives up after one attempt; told before, without any."""
    stop = Event()
    if before:
        stop.set()
    kafka = Absent(stop)
    shards = GroupShards(
        member(Client()), MemoryCopies(), no_shard, lambda _, __: iter(()), kafka, stop
    )
    with pytest.raises(Transient):
        shards.own(frozenset({0}))
    assert kafka.asked == (0 if before else 1)


def no_shard(_: object) -> NoReturn:
    raise AssertionError("nothing can be restored without Kafka")
