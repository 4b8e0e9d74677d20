"""A worker that stood still too long: its commit is refused, then it is a member like any other."""

from __future__ import annotations

from itertools import chain
from pathlib import Path

from consumer.connection import Broker
from tests.kafka import kit, proxy
from tests.kafka.proxy import proxy_to
from tests.kafka.workers import MARKS, clustered, name_of, paused, tiny_records, wait_for, worker

pytestmark = MARKS

QUICK = {"KAFKA__SESSION_TIMEOUT_S": "2", "KAFKA__TRANSACTION_TIMEOUT_S": "4"}


def test_a_zombie_is_refused_and_lives_on(broker: Broker, prefix: str, tmp_path: Path) -> None:
    """It is stopped in the midst of a commit, which reaches the broker when another worker has
    long done that work; nothing is told twice, and both get new work."""
    images, first, second = f"{prefix}.images", tiny_records(range(20)), tiny_records(range(20, 40))
    kit.send(broker, images, first[:1], 0)
    with (
        proxy_to(broker.bootstrap) as line,
        worker(line.bootstrap, prefix, tmp_path / "zombie", **QUICK) as zombie,
    ):
        wait_for(lambda: bool(clustered(broker, prefix)), zombie)
        line.hold(proxy.COMMIT_OFFSETS)
        kit.send(broker, images, first[2::2], 0)
        kit.send(broker, images, first[1::2], 1)
        wait_for(line.held.is_set, zombie)
        with paused(zombie), worker(broker.bootstrap, prefix, tmp_path / "b", **QUICK) as other:
            wait_for(lambda: len(clustered(broker, prefix)) >= len(first), other)
            line.release()
            assert other.stop() == 0, other.message()
        wait_for(lambda: "recovering" in zombie.message(), zombie)
        for partition in (0, 1):
            kit.send(broker, images, second[partition::2], partition)
        wait_for(lambda: len(clustered(broker, prefix)) >= 40, zombie)
        assert zombie.stop() == 0, zombie.message()
    told = clustered(broker, prefix)
    for parity in (0, 1):
        own = [name_of(number) for number in chain(range(parity, 20, 2), range(20 + parity, 40, 2))]
        assert [name for name in told if name in own] == own
