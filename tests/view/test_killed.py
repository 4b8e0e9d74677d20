"""A feeder that is killed goes on where it was, and the view ends the same."""

from __future__ import annotations

import random
import subprocess
import sys
from contextlib import closing

import pytest

from exporters.view.opening import open_view
from tests.shards import LOOSE
from tests.view.feed_for_ever import LENGTH
from tests.view.kit import IDENTITY, history, seen, truth

KILLS = 2
SEED = 5


@pytest.mark.parametrize("address", ["sqlite"], indirect=True)
def test_a_killed_feeder_goes_on_where_it_was(address: str) -> None:
    """At any moment: what was half written is not there, and nothing is there twice."""
    rng = random.Random(SEED)
    for _ in range(KILLS):
        with _feeder(address) as feeder:
            assert feeder.stdout is not None
            for _ in range(rng.randrange(1, 5)):
                assert feeder.stdout.readline()
            feeder.kill()
    with _feeder(address) as feeder:
        feeder.communicate()
    assert feeder.returncode == 0
    with closing(open_view(address, IDENTITY)) as view:
        assert seen(view) == truth(history(SEED, LOOSE, LENGTH))


def _feeder(address: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.view.feed_for_ever", address, str(SEED)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
