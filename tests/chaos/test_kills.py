"""kill -9 of any worker, anywhere, over and over: nothing is lost, nothing happens twice.

The default suite kills each kind of place twice. All of it, with a table at the end:

    CHAOS_KILLS=200 pytest -s tests/chaos
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest

from consumer.connection import Broker
from tests.chaos import plan, table
from tests.chaos.ledger import faults
from tests.chaos.rig import Grave, Rig, opened
from tests.kafka.broker import LocalBroker

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(7200)]

KILLS = int(os.environ.get("CHAOS_KILLS", "26"))
SEED = int(os.environ.get("CHAOS_SEED", "1"))
SINGLY = KILLS // 25 if KILLS >= 100 else 0
"""Deaths of each kind in the end, one at a time: how long does a recovery take by itself?"""
WORKERS = {"one": True, "two": True, "three": False}


def test_killed_anywhere(own_broker: LocalBroker, tmp_path: Path) -> None:
    """Three workers, twelve partitions: every id once, and the state of a calm run."""
    deaths = plan.deaths(KILLS, SEED)
    table.say(f"seed {SEED}: {len(deaths)} deaths")
    prefix = f"chaos-{uuid4().hex[:8]}"
    began = time.monotonic()
    with opened(own_broker.bootstrap, prefix, tmp_path, WORKERS, SEED) as rig:

        def tell(grave: Grave) -> None:
            table.say(
                f"{time.monotonic() - began:6.0f} s  {len(rig.graves):>3} of {len(deaths)}: "
                f"{grave.worker} {grave.where}"
            )

        rig.kill(deaths, tell)
        rig.settle()
        if SINGLY:
            kill_singly(rig, tell)
            rig.settle()
        table.say(f"{time.monotonic() - began:6.0f} s  settled {rig.load.count} messages")
        rig.stop()
    table.say(table.kills(rig.graves))
    table.say("".join(f"never came to its failpoint: {life}\n" for life in rig.in_vain))
    states = [life.worker.place.state for life in rig.lives]
    found = faults(Broker(own_broker.bootstrap), prefix, states, tmp_path / "calm")
    table.say(f"{time.monotonic() - began:6.0f} s  {len(found)} faults")
    assert found == [], f"CHAOS_SEED={SEED} CHAOS_KILLS={KILLS}"


def kill_singly(rig: Rig, tell: Callable[[Grave], None]) -> None:
    """One worker at a time: one that is back at once under its name, one that has none, one new."""
    static = next(life for life in rig.lives if life.worker.place.static)
    nameless = next(life for life in rig.lives if not life.worker.place.static)
    for _ in range(SINGLY):
        tell(rig.kill_alone(static, "alone, static"))
        tell(rig.kill_alone(nameless, "alone, nameless"))
        tell(rig.kill_alone(static, "alone, emptied", on_a_new_machine=True))
