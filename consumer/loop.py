"""The loop: read -> prepare (one batch ahead) -> decide -> commit -> publish.

The next batch is prepared on other threads while this one is decided on this thread. Commit
order: the log first (where there is one), then the local store, then whoever listens.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from consumer.shard import Result, Shard
from engine.errors import CommitAborted
from engine.ports import Source
from engine.sight import Prepared
from engine.types import Batch, Correction, Message, Photo, Rejection

KEEP_ALIVE_S = 1.0
FIRST_TAKE = 16
QUICK_S, SLOW_S = 0.5, 2.0
"""Seconds from reading a batch to its commit: below more is taken at once, above less."""

Prepare: TypeAlias = Callable[[Sequence[Photo]], Future[list[Prepared | Rejection]]]
"""Starts the pipeline on a batch, on another thread; cancelled, it stops waiting for images."""


class Log(Protocol):
    """What must hold a batch before the local store may: a Kafka transaction, or nothing."""

    def commit(self, batches: Mapping[int, Batch]) -> Mapping[int, Batch]:
        """Make the batches of all shards durable as one; returns what the stores shall hold.

        Raises CommitAborted where that failed for good.
        """
        ...


class Shards(Protocol):
    """The shards this worker owns, by partition."""

    def decide(self, partition: int, results: Sequence[Result]) -> Batch:
        """What a shard makes of its messages; nothing is durable. Raises CommitAborted."""
        ...

    def commit(self, partition: int, batch: Batch) -> None:
        """Make a decided batch durable in the local store of its shard.

        Raises CommitAborted where that failed and the shard has to be recovered.
        """
        ...

    def own(self, partitions: frozenset[int]) -> None:
        """Drop every shard from memory and recover exactly these."""
        ...


class Observer(Protocol):
    """Told what happened, after it happened; must not fail and must not block."""

    def prepared(self, result: Prepared | Rejection) -> None:
        """One photo went through the pipeline."""
        ...

    def committed(self, batch: Batch, seconds: float) -> None:
        """One shard's batch is durable, this many seconds after it was read."""
        ...

    def aborted(self) -> None:
        """A commit failed; the worker recovers."""
        ...


@dataclass(frozen=True, slots=True)
class _InFlight:
    messages: Sequence[Message]
    prepared: Future[list[Prepared | Rejection]]
    arrived: float


class NoLog:
    """Folder mode: the local store is the log."""

    def commit(self, batches: Mapping[int, Batch]) -> Mapping[int, Batch]:
        """The batches, as they are."""
        return batches


class FixedShards(dict[int, Shard]):
    """Folder mode: one shard, recovered before the loop starts, that nobody takes away."""

    def decide(self, partition: int, results: Sequence[Result]) -> Batch:
        """What the shard makes of the messages."""
        return self[partition].decide(results)

    def commit(self, partition: int, batch: Batch) -> None:
        """Make the batch durable."""
        self[partition].commit(batch)

    def own(self, partitions: frozenset[int]) -> None:
        """Nothing changes hands."""


@dataclass(frozen=True, slots=True)
class Pace:
    """batch_size: images per commit at most. poll_s: seconds to wait for the first of them."""

    batch_size: int = 128
    poll_s: float = 0.5


class Appetite:
    """How many messages to take at once.

    A commit costs the same for one and for many: while more wait than are taken, and are done
    with quickly, twice as many are taken the next time, and half as many once they take long.
    What waits alone is taken alone, and never waits for others. Where batches end changes
    nothing that is decided.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._least = min(FIRST_TAKE, most)
        self.now = self._least

    def learn(self, taken: int, seconds: float) -> None:
        """Take in how many there were, and how long after they were read they were committed."""
        if seconds > SLOW_S:
            self.now = max(self._least, self.now // 2)
        elif seconds < QUICK_S and taken >= self.now:
            self.now = min(self._most, 2 * self.now)


class Loop:
    """Drives one worker; everything it touches is given to it."""

    def __init__(
        self,
        source: Source,
        prepare: Prepare,
        shards: Shards,
        log: Log,
        observers: Sequence[Observer] = (),
        pace: Pace = Pace(),
    ) -> None:
        self._source = source
        self._prepare = prepare
        self._shards = shards
        self._log = log
        self._observers = observers
        self._pace = pace
        self._appetite = Appetite(pace.batch_size)
        self._epoch = source.epoch

    def run(self, stop: Callable[[], bool]) -> None:
        """Work until told to stop or nothing more can come; what was read is finished."""
        current: _InFlight | None = None
        while True:
            stopping = stop()
            following = None if stopping else self._read(wait_for_it=current is None)
            if self._changed_hands():
                _abandon(current)
                current = None
            if current is not None and not self._settle(current):
                _abandon(current, following)
                following = None
            current = following
            if current is None and (stopping or self._source.exhausted):
                return

    def _read(self, *, wait_for_it: bool) -> _InFlight | None:
        """Start preparing the next messages; None where there are none right now."""
        timeout = self._pace.poll_s if wait_for_it else 0.0
        messages = self._source.poll(self._appetite.now, timeout)
        if not messages:
            return None
        photos = [message for message in messages if isinstance(message, Photo)]
        future = self._prepare(photos)
        return _InFlight(messages, future, time.monotonic())

    def _changed_hands(self) -> bool:
        """Recover the shards owned now, where that set has changed."""
        if self._source.epoch == self._epoch:
            return False
        self._epoch = self._source.epoch
        self._shards.own(self._source.partitions)
        return True

    def _settle(self, batch: _InFlight) -> bool:
        """Decide and commit; False where the batch became void and everything was recovered."""
        results = self._results(batch)
        if self._changed_hands():
            return False
        try:
            committed = self._commit(results)
        except CommitAborted:
            self._recover()
            return False
        seconds = time.monotonic() - batch.arrived
        self._appetite.learn(len(batch.messages), seconds)
        for observer in self._observers:
            for part in committed.values():
                observer.committed(part, seconds)
        return True

    def _results(self, batch: _InFlight) -> list[Result]:
        """Results in message order, waiting for them without losing the group membership.

        None at all where the partitions changed hands meanwhile: the batch is void.
        """
        while not wait([batch.prepared], timeout=KEEP_ALIVE_S).done:
            self._source.keep_alive()
            if self._source.epoch != self._epoch:
                return []
        prepared = iter(batch.prepared.result())
        results = [
            next(prepared) if isinstance(message, Photo) else message for message in batch.messages
        ]
        for observer in self._observers:
            for result in results:
                if not isinstance(result, Correction):
                    observer.prepared(result)
        return results

    def _commit(self, results: Sequence[Result]) -> Mapping[int, Batch]:
        by_partition: dict[int, list[Result]] = defaultdict(list)
        for result in results:
            by_partition[_partition_of(result)].append(result)
        decided = {
            partition: self._shards.decide(partition, part)
            for partition, part in sorted(by_partition.items())
        }
        logged = self._log.commit(decided)
        for partition, batch in logged.items():
            self._shards.commit(partition, batch)
        return logged

    def _recover(self) -> None:
        """Forget everything undecided and read again from the last commit."""
        for observer in self._observers:
            observer.aborted()
        self._shards.own(self._source.partitions)
        self._source.rewind()


def _abandon(*batches: _InFlight | None) -> None:
    """Let batches go: what they still wait for (images that are being fetched) nobody needs."""
    for batch in batches:
        if batch is not None:
            batch.prepared.cancel()


def _partition_of(result: Result) -> int:
    origin = result.image.origin if isinstance(result, Prepared) else result.origin
    return origin.partition
