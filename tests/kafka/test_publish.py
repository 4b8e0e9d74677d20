"""KafkaPublisher against a real broker: everything arrives once, stops and starts included."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from consumer.connection import Broker
from engine.errors import BadImage, Misconfigured
from engine.photo_message import parse_photo
from engine.types import Origin, Photo
from producer.publish import PublishSettings, open_acknowledged, open_publisher
from tests.kafka import kit

pytestmark = pytest.mark.kafka


@pytest.fixture
def settings(broker: Broker, prefix: str) -> PublishSettings:
    return PublishSettings(broker.bootstrap, f"{prefix}.images", max_message_bytes=200_000)


def publish(settings: PublishSettings, record: Path, *photos: Photo) -> list[bool]:
    with (
        closing(open_acknowledged(record)) as acknowledged,
        closing(open_publisher(settings, acknowledged)) as publisher,
    ):
        sent = [publisher.send(photo) for photo in photos]
        publisher.flush()
        return sent


def arrived(broker: Broker, topic: str) -> list[Photo]:
    origin = Origin("memory", 0, 0)
    records = kit.committed_records(broker, topic)
    return [parse_photo(r.key, r.value, r.headers, origin) for r in records]


def test_photos_arrive_as_they_were(
    broker: Broker, settings: PublishSettings, tmp_path: Path
) -> None:
    """A scope's photos come out of one partition, in order and whole."""
    photos = [kit.photo(f"p{n}") for n in range(20)]
    publish(settings, tmp_path / "sent", *photos)
    assert arrived(broker, settings.topic) == photos
    assert len({r.partition for r in kit.committed_records(broker, settings.topic)}) == 1


def test_second_run_goes_on_where_the_first_stopped(
    broker: Broker, settings: PublishSettings, tmp_path: Path
) -> None:
    """What was acknowledged is not sent again, even where the record's last line is torn."""
    record = tmp_path / "sent"
    assert publish(settings, record, kit.photo("a"), kit.photo("b")) == [True, True]
    record.write_bytes(record.read_bytes() + b'["torn')
    assert publish(settings, record, kit.photo("b"), kit.photo("c")) == [False, True]
    assert publish(settings, record, kit.photo("c"), kit.photo("c", scope="x")) == [False, True]
    names = sorted((p.scope, p.image_id) for p in arrived(broker, settings.topic))
    assert names == [("site", "a"), ("site", "b"), ("site", "c"), ("x", "c")]


def test_too_large_photo_harms_no_other(
    broker: Broker, settings: PublishSettings, tmp_path: Path
) -> None:
    """A photo over the limit is refused by name, and those around it arrive."""
    with (
        closing(open_acknowledged(tmp_path / "sent")) as acknowledged,
        closing(open_publisher(settings, acknowledged)) as publisher,
    ):
        publisher.send(kit.photo("a"))
        with pytest.raises(BadImage, match="too_large: big has 200001 bytes"):
            publisher.send(kit.photo("big", data=bytes(200_001)))
        publisher.send(kit.photo("b"))
        publisher.flush()
    assert [p.image_id for p in arrived(broker, settings.topic)] == ["a", "b"]


def test_refusal_of_the_broker_surfaces(settings: PublishSettings, tmp_path: Path) -> None:
    """Where the topic allows less than the setting, the error names both remedy and photo."""
    lax = replace(settings, max_message_bytes=400_000)
    with pytest.raises(Misconfigured, match=r"refuses big.*max\.message\.bytes"):
        publish(lax, tmp_path / "sent", kit.photo("big", data=bytes(300_000)))


def test_missing_topic_is_named(broker: Broker, tmp_path: Path) -> None:
    """Publishing into a topic that does not exist fails at once, not photo by photo."""
    settings = PublishSettings(broker.bootstrap, "nobody.images", connect_timeout_s=2)
    with pytest.raises(Misconfigured, match=r"there is no topic nobody\.images"):
        publish(settings, tmp_path / "sent")


def test_foreign_file_is_not_taken_for_a_record(tmp_path: Path) -> None:
    """A file that is something else is refused and left alone."""
    for content in (b"hello\n", b"hello", b'["a", "b", "c"]\n', b"\xff\xd8\n"):
        path = tmp_path / "notes"
        path.write_bytes(content)
        with pytest.raises(Misconfigured, match="name another file"):
            open_acknowledged(path)
        assert path.read_bytes() == content
