"""kill -9 in the middle of commits: whole batches or nothing, in order, none lost or doubled."""

from __future__ import annotations

import subprocess
import sys
import time
from contextlib import closing
from itertools import islice
from pathlib import Path

import numpy as np

from state.store import open_store
from tests.recovery.commit_for_ever import SIZE


def commit_until_killed(path: Path, batches: int, pause_s: float) -> int:
    """Let a process commit some batches, kill it a moment later; the last batch it spoke of."""
    command = [sys.executable, "-m", "tests.recovery.commit_for_ever", str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        spoken = list(islice(child.stdout, batches))
        time.sleep(pause_s)
        child.kill()
        return int((spoken + list(child.stdout))[-1])


def test_killed_at_any_moment(tmp_path: Path) -> None:
    """Whenever the process dies, the file holds whole batches, every one it spoke of among them."""
    path, rng = tmp_path / "s.db", np.random.default_rng(7)
    for _ in range(6):
        spoken = commit_until_killed(path, int(rng.integers(1, 20)), rng.uniform(0, 0.01))
        with closing(open_store(path, "test")) as store:
            last = store.position("stream", 0)
            assert last is not None
            assert last - spoken in (0, 1)  # killed between a commit and the word of it
            expected = [f"{number}-{k}" for number in range(last + 1) for k in range(SIZE)]
            assert [outcome.cause.image_id for outcome in store.outcomes()] == expected
            rejected = [rejection.image_id for rejection in store.rejections()]
            assert rejected == [str(number) for number in range(last + 1)]
            assert all(store.features("site", f"{name}#0") is not None for name in expected)
