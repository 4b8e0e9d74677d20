"""The record of what was sent, and the publisher over a client that answers at once."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from engine.errors import Misconfigured
from engine.types import Origin, Photo
from producer.publish import (
    Acknowledged,
    KafkaPublisher,
    PublishSettings,
    Sent,
    open_acknowledged,
    record_of,
)

FULL = Path("/dev/full")
PHOTO = Photo("a", "site", Origin("memory", 0, 0), b"\xff\xd8\xff\xe0 not really")


class Delivered:
    is_done = True

    def get(self, timeout: float) -> None: ...


class Client:
    """Acknowledges everything."""

    def send(self, topic: str, **message: Any) -> Delivered:
        return Delivered()

    def close(self, timeout: float) -> None: ...


def send(record: Sent, bootstrap: str, topic: str = "cairn.images") -> bool:
    """Whether the photo had to be sent."""
    with closing(KafkaPublisher(Client(), PublishSettings(bootstrap, topic), record)) as publisher:
        sent = publisher.send(PHOTO)
        publisher.flush()
        return sent


def test_one_record_serves_several_servers(tmp_path: Path) -> None:
    """What one Kafka acknowledged another one has never seen; a topic is not the other either."""
    wheres = [("one:9092", "x"), ("two:9092", "x"), ("two:9092", "y")]
    for new in (True, False):
        with closing(open_acknowledged(tmp_path / "sent")) as record:
            assert [send(record, *where) for where in wheres] == [new] * 3


@pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")
def test_a_full_disk_is_the_operators_to_mend() -> None:
    """One line that names the file, also when it is closed with what it could not take."""
    with (
        pytest.raises(Misconfigured, match="/dev/full: cannot note what was sent: No space left"),
        closing(Acknowledged(FULL.open("wb"), set())) as record,
    ):
        send(record, "one:9092")


def test_a_live_camera_leaves_no_record(tmp_path: Path) -> None:
    """Its frames never come again: noting them would only fill memory and disk."""
    with closing(record_of(tmp_path / "sent", live=True)) as record:
        assert [send(record, "one:9092"), send(record, "one:9092")] == [True, True]
    assert list(tmp_path.iterdir()) == []
    with closing(record_of(tmp_path / "sent", live=False)) as record:
        assert [send(record, "one:9092"), send(record, "one:9092")] == [True, False]
