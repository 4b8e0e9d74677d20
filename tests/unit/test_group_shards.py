"""The shards of a worker in a group: what stays in memory, and what is rebuilt."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from threading import Event

import pytest

from consumer.group import GroupShards
from consumer.journal import JOURNAL, RESTORE_BATCH
from consumer.shard import Shard
from engine.ports import Store
from engine.types import Batch, Origin
from engine.wire import Record
from tests.builders import make_outcome
from tests.fakes import MemoryStore
from tests.scripts import recovered
from tests.unit.test_journal import journal_of


class Broken(Exception):
    """What interrupts a read of the journal; nobody retries it."""


@dataclass
class Journal:
    """A journal of two partitions that anybody may write to, and whose reading can break."""

    records: dict[int, list[tuple[int, Record]]] = field(default_factory=dict)
    breaks_after: int | None = None

    def write(self, partition: int, image_id: str) -> Batch:
        """Append an outcome of a scope of its own; the batch that a store commits for it."""
        log = self.records.setdefault(partition, [])
        outcome = make_outcome(image_id, scope=image_id)
        for record in journal_of([outcome]):
            log.append((len(log), record[1]))
        return Batch((outcome,), marks=(Origin(JOURNAL, partition, len(log) - 1),))

    def read(self, partition: int, start: int) -> Iterator[tuple[int, Record]]:
        for count, (offset, record) in enumerate(self.records.get(partition, [])[start:]):
            if count == self.breaks_after:
                raise Broken
            yield offset, record


class Crew:
    """A worker that owns what it is told to, over stores that outlive their shards."""

    def __init__(self) -> None:
        self.journal = Journal()
        self.stores: dict[int, MemoryStore] = defaultdict(MemoryStore)
        self.revived: list[MemoryStore] = []
        self.shards = GroupShards(
            Peaceful(), self.stores.__getitem__, self.revive, self.journal.read, Peaceful(), Event()
        )

    def revive(self, store: Store) -> Shard:
        assert isinstance(store, MemoryStore)
        self.revived.append(store)
        return recovered(store)

    def decide(self, partition: int, image_id: str) -> None:
        """Decide on a photo, and write it to the journal as a commit does."""
        shard = self.shards[partition]
        shard.decide([])
        shard.commit(self.journal.write(partition, image_id))


class Peaceful:
    """A member and a committer with whom nothing goes wrong."""

    def ensure_started(self) -> None: ...

    def committed(self, partition: int) -> None: ...

    def seek_to_committed(self, partition: int) -> None: ...

    def resume(self, partitions: Sequence[int]) -> None: ...


def test_what_comes_back_untouched_is_not_rebuilt() -> None:
    """A rebalance takes everything away for a moment; only what others got is given up."""
    crew = Crew()
    crew.shards.own(frozenset({0, 1}))
    crew.decide(0, "a")
    mine = crew.shards[0]
    crew.shards.own(frozenset())
    crew.shards.own(frozenset({0}))
    assert crew.shards[0] is mine
    assert list(crew.shards.values()) == [mine]
    assert len(crew.revived) == 2


def test_what_somebody_else_wrote_to_is_rebuilt() -> None:
    """The journal shows it, and the store takes it in first."""
    crew = Crew()
    crew.shards.own(frozenset({0}))
    crew.shards.own(frozenset())
    crew.journal.write(0, "theirs")
    crew.shards.own(frozenset({0}))
    assert len(crew.revived) == 2
    assert crew.stores[0].image_outcome("theirs", "theirs") is not None


def test_a_book_ahead_of_its_store_is_rebuilt() -> None:
    """What was decided and never committed must not be in memory."""
    crew = Crew()
    crew.shards.own(frozenset({0}))
    crew.shards[0].decide([])
    crew.shards.own(frozenset({0}))
    assert len(crew.revived) == 2


def test_what_is_lost_goes_at_once() -> None:
    """It is someone else's already."""
    crew = Crew()
    crew.shards.own(frozenset({0, 1}))
    crew.shards.drop([1, 7])
    assert len(list(crew.shards.values())) == 1


def test_a_journal_read_in_part_leaves_no_stale_shard() -> None:
    """The store knows more than memory then: the next attempt must not take them for equal."""
    crew = Crew()
    crew.shards.own(frozenset({0}))
    for n in range(RESTORE_BATCH + 1):
        crew.journal.write(0, f"theirs-{n}")
    crew.journal.breaks_after = len(crew.journal.records[0]) - 1
    with pytest.raises(Broken):
        crew.shards.own(frozenset({0}))
    crew.journal.breaks_after = None
    crew.shards.own(frozenset({0}))
    assert len(crew.revived) == 2
