"""kill -9 at random moments of a folder run: clusters, events and rejections come out the same.

The default suite makes a few runs. The full chaos, every process started from nothing:

    RECOVERY_RUNS=20 RECOVERY_FRESH=1 pytest tests/recovery/test_folder_killed.py
"""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import numpy as np
import pytest

from tests.recovery.conftest import Calm
from tests.recovery.kit import lines, remains, run_once, until, worker

RUNS = int(os.environ.get("RECOVERY_RUNS", "6"))


def test_the_calm_run_is_right(calm: Calm) -> None:
    """Every photo lies with those of its place, two clusters were merged, the rotten are named."""
    places = {
        frozenset(name for name, label in calm.truth.items() if label == place)
        for place in calm.truth.values()
    }
    assert calm.remains.piles == places
    assert calm.remains.events.count(b"cluster.merged") == 1
    assert calm.reasons == ["too_large", "corrupt", "unsupported_format"]


@pytest.mark.parametrize("seed", range(RUNS))
def test_killed_and_started_again(calm: Calm, tmp_path: Path, seed: int) -> None:
    """Killed once or twice anywhere, the run ends as if nothing had happened."""
    rng = np.random.default_rng(seed)
    state = tmp_path / "state"
    for _ in range(int(rng.integers(1, 3))):
        run_until_killed(calm, state, rng)
    run_once(calm.photos, state)
    assert remains(state) == calm.remains


def run_until_killed(calm: Calm, state: Path, rng: np.random.Generator) -> None:
    """Let the run come to a random line of its files; kill it in the next commit or in between."""
    come_to = int(rng.integers(lines(state), lines(calm.state), endpoint=True))
    with worker(calm.photos, state, "--once") as life:
        until(lambda: lines(state) >= come_to or not life.alive)
        if rng.random() < 0.5:
            before = written(state)
            until(lambda: written(state) != before or not life.alive, pause_s=0)
        else:
            time.sleep(rng.uniform(0, calm.batch_s))
        life.kill()


def written(state: Path) -> int:
    """Changes whenever a commit writes."""
    try:
        return (state / "state.sqlite-wal").stat().st_mtime_ns
    except FileNotFoundError:  # not yet, or no longer
        return 0


def test_killed_before_it_began(calm: Calm, tmp_path: Path) -> None:
    """Killed while it starts, over and over, it still comes to the same end."""
    rng = np.random.default_rng(99)
    for _ in range(3):
        with worker(calm.photos, tmp_path / "state", "--once") as life:
            time.sleep(rng.uniform(0, 0.2))
            life.kill()
    run_once(calm.photos, tmp_path / "state")
    assert remains(tmp_path / "state") == calm.remains


def test_started_again_after_the_end(calm: Calm, tmp_path: Path) -> None:
    """A second run over a finished folder changes no byte of what the first one said."""
    shutil.copytree(calm.state, tmp_path / "state")
    run_once(calm.photos, tmp_path / "state")
    assert remains(tmp_path / "state") == calm.remains
