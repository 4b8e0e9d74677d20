"""The rig: a group of workers under load that die by a plan, and what came of each death."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from kafka import KafkaProducer

from consumer.connection import Broker
from consumer.topics import TopicLayout, ensure_topics
from tests.chaos.failpoints import Arming
from tests.chaos.load import PARTITIONS, Load
from tests.chaos.plan import Death
from tests.chaos.story import Group, Story
from tests.chaos.worker import Place, Worker

PATIENCE_S = 240.0
"""Longest wait for anything: reached only where something is broken."""
IN_VAIN_S = 30.0
"""A life that has not come to its failpoint by then dies where it is; another one tries again.

They get twice as long then: on a busy machine none would ever come to anything.
"""
AHEAD = 120
"""Messages that wait to be read."""
LOOK_S = 0.1


class Broken(AssertionError):
    """A worker did what no worker may do."""


@dataclass
class Grave:
    """A death that happened. missing: what partitions had read then, until they go on.

    recovered_s: seconds until all of them had.
    """

    worker: str
    where: str
    at: float
    missing: dict[int, int]
    recovered_s: float | None = None

    def look(self, group: Group, now: float) -> None:
        """Note which partitions have gone on, or have nothing to do."""
        self.missing = {
            partition: read
            for partition, read in self.missing.items()
            if group.read[partition] == read < group.sent[partition]
        }
        if not self.missing and self.recovered_s is None:
            self.recovered_s = now - self.at


@dataclass
class Life:
    """A worker and the death that waits for it."""

    worker: Worker
    death: Death | None = None
    began: float = field(default_factory=time.monotonic)

    def begin(self, death: Death | None) -> None:
        self.death, self.began = death, time.monotonic()
        arming = None
        if death and death.failpoint:
            arming = Arming(death.failpoint, death.nth, self.worker.place.marker)
        self.worker.start(arming, on_a_new_machine=bool(death and death.on_a_new_machine))

    def overdue(self, in_vain_s: float) -> bool:
        """Whether it has to be killed from outside: that was the plan, or the plan fails."""
        if self.death is None:
            return False
        limit = in_vain_s if self.death.failpoint else self.death.after_s
        return time.monotonic() > self.began + limit


class Rig:
    """A group of workers, its load, and its graves."""

    def __init__(self, workers: Sequence[Worker], load: Load, story: Story, group: Group) -> None:
        self.lives = [Life(worker) for worker in workers]
        self.graves: list[Grave] = []
        self.in_vain: list[str] = []
        self.in_vain_s = IN_VAIN_S
        self.load = load
        self.story = story
        self.group = group

    def start(self) -> None:
        for life in self.lives:
            life.begin(None)

    def turn(self, ahead: int = AHEAD) -> None:
        """Watch for a moment, and keep the group busy."""
        self.group.look()
        self.story.follow()
        self.load.send(max(0, ahead - self.group.behind))
        for grave in self.graves:
            grave.look(self.group, time.monotonic())
        time.sleep(LOOK_S)

    def kill(self, deaths: Sequence[Death], say: Callable[[Grave], None]) -> None:
        """Carry out a plan."""
        waiting = deque(deaths)
        for life in self.lives:
            life.worker.kill()
            life.begin(waiting.popleft() if waiting else None)
        while any(life.death for life in self.lives):
            self.turn()
            for life in self.lives:
                if life.death is not None and life.overdue(self.in_vain_s):
                    life.worker.kill()
                if not life.worker.alive:
                    self._bury(life, waiting, say)

    def kill_alone(self, life: Life, where: str, *, on_a_new_machine: bool = False) -> Grave:
        """Kill one worker while nobody else dies, and wait until its partitions go on."""
        deadline = time.monotonic() + PATIENCE_S
        while any(grave.missing for grave in self.graves) or not life.worker.owned():
            self.turn()
        life.worker.kill()
        grave = self._dig(life, where)
        life.worker.start(on_a_new_machine=on_a_new_machine)
        while grave.missing and time.monotonic() < deadline:
            self.turn()
            self.expect_alive()
        return grave

    def settle(self) -> None:
        """Wait until all that was sent is done."""
        deadline = time.monotonic() + PATIENCE_S
        self.load.flush()
        self.turn(ahead=0)
        while self.group.behind or any(grave.missing for grave in self.graves):
            self.expect_alive()
            if time.monotonic() > deadline:
                raise Broken(f"{self.group.behind} messages are never done: {self._said()}")
            self.turn(ahead=0)

    def stop(self) -> None:
        """Stop every worker, which must end well."""
        for life in self.lives:
            if (status := life.worker.stop()) != 0:
                raise Broken(f"{life.worker.place.name} stopped with {status}: {self._said()}")

    def kill_all(self) -> None:
        for life in self.lives:
            life.worker.kill()

    def _bury(self, life: Life, waiting: deque[Death], say: Callable[[Grave], None]) -> None:
        death, worker = life.death, life.worker
        if worker.status != -9 or death is None:
            raise Broken(f"{worker.place.name} ended with {worker.status}: {worker.said()[-3000:]}")
        reached = worker.died_at() == death.where if death.failpoint else True
        if reached:
            say(self._dig(life, death.where))
        else:
            self.in_vain_s *= 2
            self.in_vain.append(f"{worker.place.name} {death}: {worker.said()[-300:]}")
            waiting.append(death)
        life.begin(waiting.popleft() if waiting else None)

    def _dig(self, life: Life, where: str) -> Grave:
        self.group.look()
        read = {one: self.group.read.get(one, 0) for one in life.worker.owned()}
        self.graves.append(Grave(life.worker.place.name, where, time.monotonic(), read))
        return self.graves[-1]

    def expect_alive(self) -> None:
        """Raise where a worker has ended."""
        for life in self.lives:
            if not life.worker.alive:
                status, said = life.worker.status, life.worker.said()[-3000:]
                raise Broken(f"{life.worker.place.name} ended with {status}: {said}")

    def _said(self) -> str:
        return "\n".join(
            f"--- {life.worker.place.name}\n{life.worker.said()[-2000:]}" for life in self.lives
        )


@contextmanager
def opened(
    bootstrap: str, prefix: str, directory: Path, workers: Mapping[str, bool], seed: int
) -> Iterator[Rig]:
    """A rig of its own topics, with these workers running. workers: whether each is static."""
    broker = Broker(bootstrap)
    ensure_topics(broker, TopicLayout(prefix, PARTITIONS))
    with ExitStack() as stack:
        options = {"delivery_timeout_ms": 120_000, "max_block_ms": 120_000}
        producer = stack.enter_context(closing(KafkaProducer(**broker.options(), **options)))
        story = stack.enter_context(closing(Story(broker, prefix)))
        group = stack.enter_context(closing(Group(broker, prefix, PARTITIONS)))
        places = [Place(name, directory, bootstrap, prefix, st) for name, st in workers.items()]
        rig = Rig(
            [Worker(place) for place in places], Load(producer, prefix, story, seed), story, group
        )
        stack.callback(rig.kill_all)
        rig.start()
        yield rig
