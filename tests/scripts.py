"""The loop's surroundings as scripts: a source that dies or rebalances, a log that fails."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from consumer.shard import Result, Shard
from engine.book import Book
from engine.clusterer import Clusterer
from engine.corrections import Corrector
from engine.errors import CommitAborted, UnusableState
from engine.index.exact import ExactIndex
from engine.members import Membership
from engine.profile import PROFILES
from engine.rules import RULES
from engine.types import Batch, Correction, Message, Photo, Rejection
from state.cache import ExemplarCache, FeatureMemory
from tests.builders import DIM
from tests.fakes import MemoryStore, SamePlaceVerifier

TOPIC = "images"
MESSAGES = (Photo, Correction, Rejection)


class Killed(BaseException):
    """kill -9, as a value: nothing in the code under test may catch it."""


@dataclass(frozen=True)
class Kill:
    """The process dies while reading here."""


@dataclass(frozen=True)
class Rebalance:
    """The group moves partitions: whatever is in flight is void."""


Step = Message | Kill | Rebalance


class ScriptedSource:
    """A partition of a log: reads on from its position, rewinds to what the store committed."""

    def __init__(self, script: Sequence[Step], store: MemoryStore) -> None:
        self._script = list(script)
        self._store = store
        self._next = 0
        self.epoch = 0
        self.partitions = frozenset({0})
        self.rewind()

    @property
    def exhausted(self) -> bool:
        return self._next >= len(self._script)

    def poll(self, limit: int, timeout_s: float) -> Sequence[Message]:
        messages: list[Message] = []
        while len(messages) < limit and not self.exhausted:
            step = self._script[self._next]
            if isinstance(step, MESSAGES):
                messages.append(step)
                self._next += 1
            elif messages:
                break
            else:
                self._happen(step)
        return messages

    def _happen(self, step: Kill | Rebalance) -> None:
        if isinstance(step, Kill):
            raise Killed
        self._script.remove(step)
        self.epoch += 1
        self.rewind()

    def keep_alive(self) -> None: ...

    def rewind(self) -> None:
        done = self._store.position(TOPIC, 0)
        steps = [
            n
            for n, step in enumerate(self._script)
            if isinstance(step, MESSAGES) and (done is None or step.origin.offset > done)
        ]
        self._next = steps[0] if steps else len(self._script)

    def close(self) -> None: ...


@dataclass
class RecoveringShards:
    """One shard that is rebuilt from its store whenever it is owned anew."""

    store: MemoryStore
    shard: Shard = field(init=False)

    def __post_init__(self) -> None:
        self.shard = recovered(self.store)

    def decide(self, partition: int, results: Sequence[Result]) -> Batch:
        return self.shard.decide(results)

    def commit(self, partition: int, batch: Batch) -> None:
        self.shard.commit(batch)

    def own(self, partitions: frozenset[int]) -> None:
        self.shard = recovered(self.store)


class MemoryCopies:
    """Local stores that outlive their shards; `unusable` ones cannot be opened as they are."""

    def __init__(self) -> None:
        self.stores: dict[int, MemoryStore] = {}
        self.unusable: set[int] = set()
        self.aside: list[int] = []

    def open(self, partition: int) -> MemoryStore:
        if partition in self.unusable:
            raise UnusableState("a bit has turned")
        return self.stores.setdefault(partition, MemoryStore())

    def set_aside(self, partition: int) -> str:
        self.aside.append(partition)
        self.unusable.discard(partition)
        self.stores.pop(partition, None)
        return "elsewhere"


class Peaceful:
    """A member and a committer with whom nothing goes wrong."""

    def ensure_started(self) -> None: ...

    def committed(self, partition: int) -> None: ...

    def seek_to_committed(self, partition: int) -> None: ...

    def resume(self, partitions: Sequence[int]) -> None: ...


class FailingLog:
    """Aborts the commits whose number is in the list."""

    def __init__(self, failures: Sequence[int]) -> None:
        self._failures = set(failures)
        self._commits = 0

    def commit(self, batches: Mapping[int, Batch]) -> Mapping[int, Batch]:
        self._commits += 1
        if self._commits in self._failures:
            raise CommitAborted("fenced")
        return batches


def recovered(store: MemoryStore) -> Shard:
    book = Book(lambda: ExactIndex(DIM))
    for outcome in store.outcomes():
        book.apply(outcome)
    exemplars, members = ExemplarCache(store, FeatureMemory(3)), Membership(store)
    place = PROFILES["place"]
    clusterer = Clusterer(book, RULES["place"], place, SamePlaceVerifier(), exemplars, members)
    corrector = Corrector(book, members, clusterer)
    return Shard(book, clusterer, corrector, exemplars, members, store)
