"""Real workers come and go under a stream: every photo once, and as if one had done it all."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path

import pytest

from consumer.connection import Broker
from consumer.topics import TopicLayout, ensure_topics
from tests.kafka import kit
from tests.kafka.workers import (
    MARKS,
    clustered,
    events,
    folder_events,
    long_form,
    tiny_records,
    wait_for,
    worker,
)
from tests.recovery.kit import Worker

pytestmark = [
    *MARKS,
    long_form,
    pytest.mark.timeout(3600),
]

PARTITIONS = range(4)
CHANGES = 50
MOST = 3
"""Workers at a time."""
A_ROUND = 6
"""Photos for every partition between two changes."""


class Crew:
    """The workers there are; each has a state directory of its own, which some inherit."""

    def __init__(self, broker: Broker, prefix: str, directory: Path, stack: ExitStack) -> None:
        self._broker = broker
        self._prefix = prefix
        self._directory = directory
        self._stack = stack
        self._names = count()
        self._free: list[Path] = []
        self.there: list[tuple[Worker, Path]] = []

    def join(self) -> None:
        state = self._free.pop(0) if self._free else self._directory / f"state{next(self._names)}"
        life = worker(self._broker.bootstrap, self._prefix, state)
        self.there.append((self._stack.enter_context(life), state))

    def leave(self, chance: random.Random) -> None:
        """Somebody is told to stop, or is killed."""
        life, state = self.there.pop(chance.randrange(len(self.there)))
        if chance.random() < 0.5:
            assert life.stop() == 0, life.message()
        else:
            life.kill()
        self._free.append(state)


@pytest.fixture
def crew(broker: Broker, prefix: str, tmp_path: Path) -> Iterator[Crew]:
    wide = f"{prefix}w"
    ensure_topics(broker, TopicLayout(wide, partitions=len(PARTITIONS)))
    with ExitStack() as stack:
        yield Crew(broker, wide, tmp_path, stack)


def test_workers_come_and_go(broker: Broker, crew: Crew, tmp_path: Path) -> None:
    """Told to stop or killed, with their stores or with none, while photos keep coming."""
    chance, prefix = random.Random(9), crew._prefix
    for round_ in range(CHANGES):
        numbers = range(round_ * A_ROUND, (round_ + 1) * A_ROUND)
        for partition in PARTITIONS:
            records = tiny_records(numbers, scope=f"scope{partition}")
            kit.send(broker, f"{prefix}.images", records, partition)
        if len(crew.there) == MOST or (len(crew.there) > 1 and chance.random() < 0.5):
            crew.leave(chance)
        else:
            crew.join()
        if round_ % 3 == 0:
            done = round_ * A_ROUND * len(PARTITIONS)
            wait_for(lambda done=done: len(clustered(broker, prefix)) >= done)
    everything = CHANGES * A_ROUND
    wait_for(lambda: len(clustered(broker, prefix)) >= everything * len(PARTITIONS))
    told = events(broker, prefix)
    for partition in PARTITIONS:
        scope = f"scope{partition}"
        own = [event for event in told if event["scope"] == scope]
        assert own == folder_events(range(everything), tmp_path, scope)
