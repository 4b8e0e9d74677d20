"""SIGTERM and Ctrl-C end a folder run in good order; the next run goes on from there."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.recovery.conftest import Calm
from tests.recovery.kit import lines, remains, run_once, until, worker

AT_ONCE = {"CAIRN_FOLDER__SETTLE_S": "0"}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_finishes_the_batch_in_hand(
    calm: Calm, tmp_path: Path, number: signal.Signals
) -> None:
    """Exit status 0 within 20 s, everything committed has been told, and nothing is lost."""
    state = tmp_path / "state"
    with worker(calm.photos, state, **AT_ONCE) as life:
        until(lambda: lines(state) >= 10 or not life.alive)
        assert life.stop(number) == 0, life.message()
    left = remains(state)
    assert len(left.events.splitlines()) == len(left.lineage)
    assert calm.remains.events.startswith(left.events)
    run_once(calm.photos, state)
    assert remains(state) == calm.remains


def test_a_stop_while_nothing_happens(tmp_path: Path) -> None:
    """A worker that waits for photos ends as readily."""
    (tmp_path / "photos").mkdir()
    with worker(tmp_path / "photos", tmp_path / "state") as life:
        until((tmp_path / "state" / "rejected.jsonl").exists)
        assert life.stop() == 0, life.message()
    assert remains(tmp_path / "state").images == []
