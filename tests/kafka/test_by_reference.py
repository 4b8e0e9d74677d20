"""Photos by reference, all the way: claims produced, fetched, clustered; dead ones sent again."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from consumer.connection import Broker
from engine.photo_message import content_type_of, photo_record
from engine.types import Claim, Origin, Photo
from producer.synthetic import make_samples
from tests.fetching import claim_on
from tests.images import photo as sample_photo
from tests.images import shot
from tests.kafka import kit
from tests.kafka.test_end_to_end import (
    PATIENCE_S,
    cairn,
    dead_letters,
    events,
    folder_events,
    wait_until_settled,
    worker,
)
from tests.probes import free_port, scrape

pytestmark = pytest.mark.kafka

LATE_S = 2.0


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    directory = tmp_path / "photos"
    make_samples(directory, sites=2, singles=0)
    return directory


@pytest.fixture
def elsewhere(tmp_path: Path) -> Claim:
    """A photo in a folder of its own."""
    path = tmp_path / "elsewhere" / "IMG_0001.jpg"
    path.parent.mkdir()
    path.write_bytes(shot(sample_photo("coffee.png"), 0))
    return claim_on(path.read_bytes(), path.as_uri())


def send_claim(broker: Broker, prefix: str, claim: Claim) -> None:
    photo = Photo("other", "elsewhere", Origin("memory", 0, 0), claim)
    kit.send(broker, f"{prefix}.images", [photo_record(photo, content_type_of(claim))])


def told(broker: Broker, prefix: str, scope: str) -> list[dict[str, object]]:
    return [event for event in events(broker, prefix) if event["scope"] == scope]


def test_photos_by_reference_cluster_as_those_that_bring_their_bytes(
    broker: Broker, prefix: str, photos: Path, elsewhere: Claim, tmp_path: Path
) -> None:
    """The same events, though one file comes late; what may not be read is dead until it may."""
    expected = folder_events(photos, tmp_path / "folder")
    cairn(
        *("produce", str(photos), "--kafka", broker.bootstrap, "--by-reference"),
        *("--record", str(tmp_path / "record")),
        CAIRN_KAFKA__TOPIC_PREFIX=prefix,
    )
    sent = kit.committed_records(broker, f"{prefix}.images")
    assert max(len(record.value) for record in sent) < 300
    send_claim(broker, prefix, elsewhere)
    late = next(photos.glob("*_0003.jpg"))
    late.rename(tmp_path / "late")
    port = free_port()
    allowed = photos.as_uri()
    with worker(broker, prefix, tmp_path / "kafka", port, CAIRN_FETCH__ALLOW=allowed) as process:
        wait_until_retried(f"http://127.0.0.1:{port}")
        time.sleep(LATE_S)
        (tmp_path / "late").rename(late)
        wait_until_settled(broker, prefix, len(sent) + 1)
        metrics = scrape(f"http://127.0.0.1:{port}")
        process.terminate()
        assert process.wait(20) == 0
    assert told(broker, prefix, "default") == expected
    assert metrics["cairn_fetched_images_total", ""] == len(sent)
    [(_, value, reason)] = dead_letters(broker, prefix)
    assert (value, reason) == (photo_value(elsewhere), b"uri_not_allowed")

    replay = ("dead-letters", "replay", "--kafka", broker.bootstrap)
    cairn(*replay, CAIRN_KAFKA__TOPIC_PREFIX=prefix)
    both = f"{allowed},{elsewhere.uri.rpartition('/')[0]}"
    with worker(broker, prefix, tmp_path / "kafka", CAIRN_FETCH__ALLOW=both):
        until(lambda: bool(told(broker, prefix, "elsewhere")))
    assert len(dead_letters(broker, prefix)) == 1


def test_a_worker_that_waits_for_an_image_stops_at_once(
    broker: Broker, prefix: str, elsewhere: Claim, tmp_path: Path
) -> None:
    """Nothing is committed: the next one takes the message up again."""
    directory, name = elsewhere.uri.rpartition("/")[::2]
    absent = Claim(f"{directory}/absent.jpg", elsewhere.sha256)
    send_claim(broker, prefix, absent)
    port = free_port()
    with worker(broker, prefix, tmp_path / "kafka", port, CAIRN_FETCH__ALLOW=directory) as process:
        wait_until_retried(f"http://127.0.0.1:{port}")
        process.terminate()
        assert process.wait(20) == 0
    assert dead_letters(broker, prefix) == []
    here = tmp_path / "elsewhere"
    (here / name).rename(here / "absent.jpg")
    with worker(broker, prefix, tmp_path / "kafka", CAIRN_FETCH__ALLOW=directory):
        until(lambda: bool(events(broker, prefix)))


def until(happened: Callable[[], bool]) -> None:
    """Wait for what a worker has to do, its start included."""
    deadline = time.monotonic() + PATIENCE_S
    while not happened():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.1)


def photo_value(claim: Claim) -> bytes | None:
    photo = Photo("other", "elsewhere", Origin("memory", 0, 0), claim)
    return photo_record(photo, content_type_of(claim)).value


def wait_until_retried(site: str) -> None:
    """Wait until the worker has asked for an image in vain."""

    def retried() -> bool:
        try:
            return scrape(site)["cairn_fetch_retries_total", ""] > 0
        except httpx.TransportError:
            return False

    until(retried)
