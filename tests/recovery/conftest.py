"""The folder everybody recovers on, and an uninterrupted run over it, once a session."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import orjson
import pytest

from tests.recovery.kit import SETTINGS, Remains, lines, remains, until, worker
from tests.recovery.photos import Truth, make_folder


@dataclass(frozen=True)
class Calm:
    """An uninterrupted run. `batch_s`: seconds a batch took."""

    photos: Path
    truth: Truth
    state: Path
    remains: Remains
    batch_s: float

    @property
    def reasons(self) -> list[str]:
        """Why each rejected file was, in order."""
        return [orjson.loads(line)["reason"] for line in self.remains.rejected.splitlines()]


@pytest.fixture(scope="session")
def calm(tmp_path_factory: pytest.TempPathFactory) -> Calm:
    directory = tmp_path_factory.mktemp("calm")
    photos, state = directory / "photos", directory / "state"
    truth = make_folder(photos)
    with worker(photos, state, "--once") as life:
        until(lambda: lines(state) > 0 or not life.alive)
        started = time.monotonic()
        assert life.end() == 0, life.message()
    batches = len(truth) / int(SETTINGS["CAIRN_ENGINE__BATCH_SIZE"])
    batch_s = (time.monotonic() - started) / batches
    return Calm(photos, truth, state, remains(state), batch_s)
