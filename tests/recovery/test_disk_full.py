"""A folder's worker whose disk is full ends in one clear line; with room again it goes on."""

from __future__ import annotations

import resource
from pathlib import Path

from tests.recovery.conftest import Calm
from tests.recovery.kit import lines, remains, run_once, until, worker

ROOM_BYTES = 1024
"""What a file may grow to: enough for the last line, for nothing else."""


def test_the_disk_fills_up(calm: Calm, tmp_path: Path) -> None:
    """Nothing that was told is missing from the state, and nothing comes twice."""
    state = tmp_path / "state"
    with worker(calm.photos, state, "--once") as life:
        until(lambda: lines(state) >= 5 or not life.alive)
        resource.prlimit(life.pid, resource.RLIMIT_FSIZE, (ROOM_BYTES, resource.RLIM_INFINITY))
        assert life.end() == 1
        *_, last = life.message().splitlines()
    assert last.startswith(f"cairn: {state}")
    assert "cannot commit" in last or "cannot be written" in last
    run_once(calm.photos, state)
    assert remains(state) == calm.remains
