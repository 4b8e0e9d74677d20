"""KafkaSource against a real broker."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import replace

import pytest
from kafka import KafkaProducer
from kafka.errors import MessageSizeTooLargeError

from consumer.assignment import Change
from consumer.connection import Broker
from consumer.kafka import KafkaSource, SourceSettings, open_source
from consumer.topics import TopicLayout, ensure_topics
from engine.command_message import command_record
from engine.commands import ConfirmCluster
from engine.errors import Misconfigured
from engine.photo_message import photo_record
from engine.types import Correction, Origin, Photo, Rejection
from engine.wire import Record
from tests.kafka import kit

pytestmark = pytest.mark.kafka


@pytest.fixture
def settings(prefix: str) -> SourceSettings:
    return kit.settings_of(prefix)


@pytest.fixture
def source(broker: Broker, settings: SourceSettings) -> Iterator[KafkaSource]:
    with closing(kit.open_ready(broker, settings)) as source:
        yield source


def test_bad_messages_come_in_order(
    broker: Broker, settings: SourceSettings, source: KafkaSource
) -> None:
    """Photos and rejections come out in the order of the log, each with its origin."""
    good = photo_record(kit.photo("a"), "image/jpeg")
    bad = Record(b"site", None, (("ce_id", b"b"),))
    kit.send(broker, settings.topic, [good, bad, good])
    first, second, third = kit.read(source, 3)
    assert isinstance(first, Photo)
    assert isinstance(third, Photo)
    assert (first.image_id, first.scope, first.data) == ("a", "site", kit.JPEG)
    assert isinstance(first.data, bytes)
    assert isinstance(second, Rejection)
    assert (second.image_id, second.reason) == ("b", "bad_message")
    assert [m.origin for m in (first, second, third)] == [
        Origin(settings.topic, 0, n) for n in range(3)
    ]


def test_commands_come_beside_the_photos(
    broker: Broker, settings: SourceSettings, source: KafkaSource
) -> None:
    """From their own topic, those that are none as rejections, each with its origin."""
    asked = Correction("c1", "site", Origin("x", 0, 0), ConfirmCluster("a"), author="me")
    kit.send(broker, settings.commands, [command_record(asked), Record(b"site", b"{}")])
    kit.send_photos(broker, settings.topic, "p")
    found = {message.origin: message for message in kit.read(source, 3)}
    command, broken = (found[Origin(settings.commands, 0, n)] for n in range(2))
    assert command == replace(asked, origin=Origin(settings.commands, 0, 0))
    assert isinstance(broken, Rejection)
    assert (broken.of, broken.scope, broken.reason) == ("command", "site", "bad_command")
    assert source.original(broken.origin) == Record(b"site", b"{}")


def test_original_is_kept_until_released(
    broker: Broker, settings: SourceSettings, source: KafkaSource
) -> None:
    """The message behind a rejection can be had as it came, until its batch is committed."""
    record = Record(b"site", b"x", (("ce_id", b"b"), ("other", b"\xff")))
    kit.send(broker, settings.topic, [record])
    (rejection,) = kit.read(source, 1)
    assert source.original(rejection.origin) == record
    source.release([rejection.origin])
    assert source.original(rejection.origin) is None


def test_assigned_partitions_wait_for_resume(broker: Broker, settings: SourceSettings) -> None:
    """A new partition gives nothing before its shard is ready, and the others are not held up."""
    kit.send_photos(broker, settings.topic, "a", partition=0)
    kit.send_photos(broker, settings.topic, "b", partition=1)
    with closing(open_source(broker, settings)) as source:
        kit.until(lambda: kit.stay(source) == [Change("assigned", (0, 1))])
        assert source.poll(10, 0.3) == []
        source.resume([1])
        assert [m.image_id for m in kit.read(source, 1)] == ["b"]
        source.keep_alive()
        kit.send_photos(broker, settings.topic, "c", partition=1)
        assert [m.image_id for m in kit.read(source, 1)] == ["c"]
        behind = {where: count for where, count in source.lag().items() if count}
        assert behind == {(settings.topic, 0): 1}


def test_seek_reads_again(broker: Broker, settings: SourceSettings, source: KafkaSource) -> None:
    """Messages whose batch came to nothing are read again from where the group stands."""
    kit.send_photos(broker, settings.topic, "a", "b")
    assert [m.image_id for m in kit.read(source, 2)] == ["a", "b"]
    assert kit.committed(source, 0) == {"images": None, "commands": None}
    source.seek_to_committed(0)
    assert [m.image_id for m in kit.read(source, 2)] == ["a", "b"]


def test_second_member_takes_its_share(broker: Broker, settings: SourceSettings) -> None:
    """A rebalance is told as data to a member that only keeps alive, and each gets a share."""
    with ExitStack() as stack:
        first = stack.enter_context(closing(kit.open_ready(broker, settings)))
        second = stack.enter_context(closing(open_source(broker, settings)))
        told: list[Change] = []
        heard: list[Change] = []

        def shared() -> bool:
            told.extend(kit.stay(first))
            heard.extend(kit.stay(second))
            return bool(heard) and len(told) == 2

        kit.until(shared)
        assert told[0] == Change("revoked", (0, 1))
        assert told[1].kind == "assigned"
        assert first.assigned() | second.assigned() == {0, 1}


def test_stale_recovery_resumes_nothing(broker: Broker, settings: SourceSettings) -> None:
    """A shard recovered before a rebalance that is not yet noticed stays silent, and its lost
    partition can be named without harm."""
    with ExitStack() as stack:
        first = stack.enter_context(closing(kit.open_ready(broker, settings)))
        second = stack.enter_context(closing(open_source(broker, settings)))

        def moved() -> bool:
            first.keep_alive()
            second.keep_alive()
            return len(first.assigned()) == 1

        kit.until(moved)
        kit.send_photos(broker, settings.topic, "a", partition=0)
        kit.send_photos(broker, settings.topic, "b", partition=1)
        for partition in (0, 1):
            first.seek_to_committed(partition)
        first.resume([0, 1])
        assert first.poll(10, 0.5) == []
        assert [change.kind for change in first.changes()] == ["revoked", "assigned"]
        first.resume(first.assigned())
        assert len(kit.read(first, 1)) == 1


CONNECT = """
from consumer.connection import Broker
from consumer.kafka import SourceSettings, open_source
settings = SourceSettings("cairn.images", "cairn.commands", "g")
open_source(Broker("127.0.0.1:9", connect_timeout_s=1), settings)
"""


def test_unreachable_broker_is_one_clear_line() -> None:
    """A wrong address ends within seconds in an error that names it."""
    # In a process of its own: kafka-python leaves its failed sockets to the collector.
    done = subprocess.run(
        [sys.executable, "-c", CONNECT], check=False, capture_output=True, text=True, timeout=30
    )
    assert "Misconfigured: Kafka does not answer at 127.0.0.1:9" in done.stderr.splitlines()[-1]


def test_missing_topic_is_named(broker: Broker) -> None:
    """A topic that does not exist is an error, not an endless silence."""
    with pytest.raises(Misconfigured, match=r"there is no topic nobody\.images"):
        open_source(broker, SourceSettings("nobody.images", "nobody.commands", "g"))


def test_a_compressed_message_may_unpack_to_the_limit_only(broker: Broker, prefix: str) -> None:
    """A bomb is refused at the door: what is small only while packed never reaches a worker."""
    options = {"compression_type": "gzip", "max_request_size": 10_000_000}
    with closing(KafkaProducer(**broker.options(), **options)) as producer:
        producer.send(f"{prefix}.images", bytes(100_000)).get(10)
        with pytest.raises(MessageSizeTooLargeError):
            producer.send(f"{prefix}.images", bytes(1_000_000)).get(10)


def test_topics_are_created_once_and_must_align(broker: Broker, prefix: str) -> None:
    """Creating topics again changes nothing; unequal partition counts are refused."""
    ensure_topics(broker, TopicLayout(prefix, partitions=2))
    kit.delete_topic(broker, f"{prefix}.journal")
    with pytest.raises(Misconfigured, match="same number of partitions"):
        ensure_topics(broker, TopicLayout(prefix, partitions=3))
