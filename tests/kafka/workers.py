"""Real workers of a group as processes of their own, tiny photos for them, and what they told."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeAlias

import cv2
import numpy as np
import orjson
import pytest

from cairn.folder_run import ONE_SCOPE
from consumer.connection import Broker
from engine.dead_letter import DeadLetter, read_dead_letter
from engine.lineage import Assigned
from engine.photo_message import photo_record
from engine.wire import EVENT_TYPES, Record
from tests.kafka import kit
from tests.recovery.kit import Worker
from tests.recovery.kit import worker as folder_worker

Told: TypeAlias = dict[str, object]
LONG = bool(os.environ.get("FAULTS_LONG"))
"""Whether the tests of faults run in their long form, which takes minutes."""
long_form = pytest.mark.skipif(not LONG, reason="FAULTS_LONG=1 runs it")
MARKS = [
    pytest.mark.kafka,
    # Where a broker is slow to answer, kafka-python leaves sockets to the collector.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
PATIENCE_S = 1800.0 if LONG else 90.0
SETTINGS = {
    "CAIRN_METRICS__PORT": "0",
    "CAIRN_ENGINE__PROFILE": "object",
    "CAIRN_ENGINE__BATCH_SIZE": "8",
    "CAIRN_ENGINE__WORKERS": "1",
    "CAIRN_KAFKA__SESSION_TIMEOUT_S": "6",
    "CAIRN_KAFKA__CREATE_TOPICS": "false",
}


@contextmanager
def worker(
    bootstrap: str, prefix: str, state: Path, *options: str, **settings: str
) -> Iterator[Worker]:
    """A member of the group of a set of topics; it does not outlive its test.

    settings: on top of the usual ones, without the `CAIRN_` before them.
    """
    arguments = ("run", "--kafka", bootstrap, "--state", str(state), *options)
    own = {f"CAIRN_{name}": value for name, value in settings.items()}
    environment = SETTINGS | {"CAIRN_KAFKA__TOPIC_PREFIX": prefix} | own
    with TemporaryDirectory() as directory:
        life = Worker(Path(directory) / "said", arguments, environment)
        try:
            yield life
        finally:
            life.kill()


@contextmanager
def paused(life: Worker) -> Iterator[None]:
    """A worker that stands still, as on a machine that sleeps."""
    os.kill(life.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(life.pid, signal.SIGCONT)


def tiny(number: int, piles: int = 10) -> bytes:
    """A photo of 32 x 32 pixels that differs from all others, and is of one of some piles."""
    shape = (32, 32, 3)
    coarse = np.random.default_rng(number % piles).integers(0, 256, (4, 4, 3), np.uint8)
    noise = np.random.default_rng(1000 + number).integers(0, 24, shape, np.uint8)
    pixels = cv2.resize(coarse, shape[:2], interpolation=cv2.INTER_CUBIC) // 2 + noise
    return cv2.imencode(".jpg", pixels)[1].tobytes()


def name_of(number: int) -> str:
    """Its file name, and so its id."""
    return f"{number:05}.jpg"


def tiny_records(numbers: Iterable[int], scope: str = ONE_SCOPE) -> list[Record]:
    """Messages of tiny photos, with the attribute that a folder gives them."""
    return [message_of(name_of(number), tiny(number), scope) for number in numbers]


def message_of(image_id: str, data: bytes, scope: str = ONE_SCOPE) -> Record:
    photo = replace(kit.photo(image_id, scope, data), attributes={"filename": image_id})
    return photo_record(photo, "image/jpeg")


def folder_events(numbers: Iterable[int], directory: Path, scope: str = ONE_SCOPE) -> list[Told]:
    """What a folder run tells of these photos in the order of their names."""
    photos, state = directory / f"photos-{scope}", directory / f"folder-{scope}"
    photos.mkdir()
    for number in numbers:
        (photos / name_of(number)).write_bytes(tiny(number))
    with folder_worker(photos, state, "--once", "--scope", scope, **SETTINGS) as life:
        assert life.end(PATIENCE_S) == 0, life.message()
    return [orjson.loads(line) for line in (state / "events.jsonl").read_bytes().splitlines()]


def events(broker: Broker, prefix: str) -> list[Told]:
    """Every committed event in order, by the bodies alone."""
    records = kit.committed_records(broker, f"{prefix}.events")
    return [orjson.loads(record.value) for record in records]


def clustered(broker: Broker, prefix: str) -> list[str]:
    """The images of every committed assignment, in the order of the log."""
    told = events(broker, prefix)
    return [str(event["image_id"]) for event in told if event["type"] == EVENT_TYPES[Assigned]]


def dead(broker: Broker, prefix: str) -> list[DeadLetter]:
    """Every committed dead letter."""
    records = kit.committed_records(broker, f"{prefix}.dead-letters")
    letters = [
        read_dead_letter(Record(r.key, r.value, tuple((n, v or b"") for n, v in r.headers)))
        for r in records
    ]
    return [letter for letter in letters if letter is not None]


def wait_for(happened: Callable[[], bool], life: Worker | None = None) -> None:
    """Wait for what has to happen; `life` must go on meanwhile."""
    deadline = time.monotonic() + PATIENCE_S
    while not happened():
        said = "" if life is None else life.message()[-2000:]
        assert life is None or life.alive, f"it ended: {said}"
        assert time.monotonic() < deadline, f"it never happened: {said}"
        time.sleep(2.0 if LONG else 0.1)
