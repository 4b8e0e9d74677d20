"""The broker goes away under load and comes back: the workers wait, and go on, and lose nothing.

The default suite makes one short round. All of it, with a table:

    CHAOS_OUTAGES=10 pytest -s tests/chaos/test_outage.py
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest

from consumer.connection import Broker
from tests.chaos import table
from tests.chaos.ledger import faults
from tests.chaos.load import SCOPES
from tests.chaos.rig import PATIENCE_S, Broken, Rig, opened
from tests.kafka.broker import LocalBroker

pytestmark = [
    pytest.mark.kafka,
    pytest.mark.timeout(7200),
    pytest.mark.usefixtures("no_sockets_left"),
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
]

ROUNDS = int(os.environ.get("CHAOS_OUTAGES", "0"))
SEED = int(os.environ.get("CHAOS_SEED", "1"))
OUTAGES_S = [[1, 10, 30][number % 3] for number in range(ROUNDS)] or [2]
RECOVERED_WITHIN_S = 30.0
GROWTH = 0.1
"""Of memory, beyond what as many messages take that come in peace."""
WARM = 200
"""Messages before the first round, that every partition has a shard with something in it."""


def test_the_broker_goes_away(own_broker: LocalBroker, tmp_path: Path) -> None:
    """Stopped in good order or killed with -9, in turn: every id once, the state of a calm run."""
    prefix = f"outage-{uuid4().hex[:8]}"
    resident: list[dict[str, int]] = []
    table.say(f"seed {SEED}\naway      as      recovered  resident (MB)")
    with opened(own_broker.bootstrap, prefix, tmp_path, {"one": True, "two": False}, SEED) as rig:
        rig.load.send(WARM)
        rig.settle()
        undisturbed = grown_by(rig, lambda: quiet_rounds(rig))
        resident.append(resident_kb(rig))
        for number, away_s in enumerate(OUTAGES_S):
            abruptly = number % 2 == 1
            recovered_s = outage(rig, own_broker, away_s, abruptly=abruptly)
            rig.settle()
            resident.append(resident_kb(rig))
            megabytes = " ".join(f"{kb / 1024:.0f}" for kb in resident[-1].values())
            kind = "killed" if abruptly else "stopped"
            table.say(f"{away_s:>3} s  {kind:>8}  {recovered_s:>7.1f} s  {megabytes}")
            assert recovered_s < (RECOVERED_WITHIN_S if ROUNDS else PATIENCE_S)
        rig.stop()
    states = [life.worker.place.state for life in rig.lives]
    found = faults(Broker(own_broker.bootstrap), prefix, states, tmp_path / "calm")
    assert found == [], f"CHAOS_SEED={SEED} CHAOS_OUTAGES={ROUNDS}"
    if ROUNDS:
        grown = {name: resident[-1][name] - kb for name, kb in resident[0].items()}
        table.say(f"grown by {grown} kB, by as many messages without an outage {undisturbed} kB")
        excess = {name: grown[name] - undisturbed[name] for name in grown}
        assert all(kb < GROWTH * resident[0][name] for name, kb in excess.items())


def quiet_rounds(rig: Rig) -> None:
    """As many messages as come in all outages: what they show is kept, and some of it in memory."""
    for _ in range(ROUNDS):
        rig.load.send(2 * len(SCOPES))
        rig.settle()


def grown_by(rig: Rig, step: Callable[[], None]) -> dict[str, int]:
    """By how many kB each worker grows meanwhile."""
    before = resident_kb(rig)
    step()
    return {name: kb - before[name] for name, kb in resident_kb(rig).items()}


def resident_kb(rig: Rig) -> dict[str, int]:
    return {life.worker.place.name: life.worker.resident_kb() for life in rig.lives}


def outage(rig: Rig, broker: LocalBroker, away_s: float, *, abruptly: bool) -> float:
    """Take the broker away in mid-stream; seconds from its return until nothing is left to do."""
    rig.load.send(len(SCOPES))
    rig.turn(ahead=0)
    (broker.kill if abruptly else broker.stop)()
    rig.load.send(len(SCOPES))  # one for each scope, which arrives when the broker is back
    time.sleep(away_s)
    broker.start()
    back = time.monotonic()
    rig.load.flush()
    while (done := sum(rig.group.read.values())) < rig.load.count:
        rig.turn(ahead=0)
        rig.expect_alive()
        if time.monotonic() > back + PATIENCE_S:
            raise Broken(f"{done} of {rig.load.count} messages are done: {rig.group.read}")
    return time.monotonic() - back
