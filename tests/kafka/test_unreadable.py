"""Messages that the client cannot parse, against a real broker: each becomes one rejection."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Any

import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from consumer.connection import Broker
from consumer.kafka import KafkaSource, SourceSettings
from consumer.unreadable import find_unreadable
from engine.photo_message import photo_record
from engine.types import Message, Rejection
from engine.wire import Record
from tests.kafka import kit

# The client hangs where it is asked the wrong way; nothing here takes more than seconds.
pytestmark = [pytest.mark.kafka, pytest.mark.timeout(20)]


@pytest.fixture
def settings(prefix: str) -> SourceSettings:
    return kit.settings_of(prefix)


@pytest.fixture
def source(broker: Broker, settings: SourceSettings) -> Iterator[KafkaSource]:
    with closing(kit.open_ready(broker, settings)) as source:
        yield source


def message(word: str) -> Record:
    """A photo, or with a `!` what cannot be read."""
    if word.startswith("!"):
        return kit.unreadable(word)
    return photo_record(kit.photo(word), "image/jpeg")


def read_all(source: KafkaSource, count: int, limit: int) -> dict[int, list[str]]:
    """What came of each partition in its order: ids of photos, reasons and offsets of the rest.

    The member is kept alive between the reads, as while its photos are prepared.
    """
    found: list[Message] = []

    def enough() -> bool:
        found.extend(source.poll(limit, 0.2))
        source.keep_alive()
        return len(found) >= count

    kit.until(enough)
    assert source.poll(10, 0.2) == []
    told: dict[int, list[str]] = defaultdict(list)
    for one in found:
        word = f"{one.reason}@{one.origin.offset}" if isinstance(one, Rejection) else one.image_id
        told[one.origin.partition].append(word)
    return told


@pytest.mark.parametrize("limit", [1, 100])
@pytest.mark.parametrize(
    "places",
    [
        ("a b !c d !e", "f g h i j"),
        ("!a b c !d !e", "!f g h !i j"),
    ],
)
def test_all_others_are_read_once_and_in_order(
    broker: Broker, prefix: str, source: KafkaSource, limit: int, places: tuple[str, str]
) -> None:
    """Wherever it lies, it is one rejection in its place, and no other message comes twice or
    never, in its own partition or another."""
    sent = [words.split() for words in places]
    for partition, words in enumerate(sent):
        kit.send(broker, f"{prefix}.images", [message(word) for word in words], partition)
    told = read_all(source, 10, limit)
    for partition, words in enumerate(sent):
        assert told[partition] == [
            f"bad_message@{offset}" if word.startswith("!") else word
            for offset, word in enumerate(words)
        ]


def test_the_rest_of_its_batch_goes_with_it(
    broker: Broker, settings: SourceSettings, source: KafkaSource
) -> None:
    """What one sender put behind it into one batch is rejected one by one; others are read."""
    send_at_once(broker, settings.topic, [message(word) for word in ("a", "!b", "c")])
    kit.send_photos(broker, settings.topic, "d")
    told = read_all(source, 4, 2)
    assert told == {0: ["a", "bad_message@1", "bad_message@2", "d"]}


def send_at_once(broker: Broker, topic: str, records: Sequence[Record]) -> None:
    with closing(KafkaProducer(**broker.options(), linger_ms=500)) as producer:
        for record in records:
            producer.send(topic, record.value, record.key, list(record.headers), partition=0)
        producer.flush()


def test_its_rejection_says_where_and_is_short(
    broker: Broker, settings: SourceSettings, source: KafkaSource
) -> None:
    """Nothing of it is known but its place; what could not be parsed is not quoted at length."""
    kit.send(broker, settings.topic, [kit.unreadable("a", name_length=100_000)], partition=1)
    (rejection,) = kit.read(source, 1)
    assert isinstance(rejection, Rejection)
    assert (rejection.image_id, rejection.scope, rejection.reason) == ("", "", "bad_message")
    assert (rejection.origin.partition, rejection.origin.offset) == (1, 0)
    assert len(rejection.detail) <= 200
    assert source.original(rejection.origin) is None
    assert source.group_metadata() is not None


def test_a_search_names_the_partitions(broker: Broker, settings: SourceSettings) -> None:
    """Partitions that are read to their end, or go on well, are not it."""
    first, second = (TopicPartition(settings.topic, partition) for partition in (0, 1))
    kit.send(broker, settings.topic, [message("a"), message("!b")], partition=1)
    assert find_unreadable(broker, {first: 0, second: 1}) == [second]
    assert find_unreadable(broker, {first: 0, second: 0}) == []


class Stuttering:
    """A client that finds its coordinator away once, right after it first gave something out."""

    def __init__(self, client: KafkaConsumer) -> None:
        self._client = client
        self._script = iter((True, False))
        self._away = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def poll(self, timeout_ms: int, max_records: int | None = None) -> dict[TopicPartition, Any]:
        if self._away:
            self._away = False
            return {}
        found = dict(self._client.poll(timeout_ms, max_records))
        self._away = bool(found) and next(self._script, False)
        return found


def test_an_error_that_the_client_still_owes_survives_keeping_alive(
    broker: Broker, settings: SourceSettings
) -> None:
    """Between the records it gave out and the error, the client may be busy with its group."""
    with closing(kit.open_ready(broker, settings)) as source:
        source._consumer = Stuttering(source._consumer)
        kit.send(broker, settings.topic, [message("a"), message("!b"), message("c")])
        kit.until(lambda: bool(found := source.poll(100, 0.2)) and found[0].image_id == "a")
        source.keep_alive()
        told = read_all(source, 2, 100)
    assert told == {0: ["bad_message@1", "c"]}
