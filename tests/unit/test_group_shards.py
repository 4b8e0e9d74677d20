"""The shards of a worker in a group: what stays in memory, and what is rebuilt."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from threading import Event

import pytest

from consumer.group_shards import GroupShards
from consumer.journal import JOURNAL, RESTORE_BATCH
from consumer.shard import Shard
from engine.errors import CommitAborted, Transient, UnusableState
from engine.ports import Store
from engine.types import Batch, Origin, Rejection
from engine.wire import Record
from tests.builders import make_outcome, prepared
from tests.fakes import MemoryStore
from tests.scripts import MemoryCopies, Peaceful, recovered
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

    def __init__(self, copies: MemoryCopies | None = None) -> None:
        self.journal = Journal()
        self.copies = copies or MemoryCopies()
        self.revived: list[MemoryStore] = []
        self.shards = GroupShards(
            Peaceful(), self.copies, self.revive, self.journal.read, Peaceful(), Event()
        )

    def revive(self, store: Store) -> Shard:
        assert isinstance(store, MemoryStore)
        self.revived.append(store)
        return recovered(store)

    def decide(self, partition: int, image_id: str) -> None:
        """Decide on a photo, and write it to the journal as a commit does."""
        self.shards.decide(partition, [])
        self.shards.commit(partition, self.journal.write(partition, image_id))


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
    assert crew.copies.stores[0].image_outcome("theirs", "theirs") is not None


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


def test_a_copy_that_is_no_good_is_made_anew() -> None:
    """Set aside once, and everything is read from the journal."""
    crew = Crew()
    for image_id in ("a", "b"):
        crew.journal.write(0, image_id)
    crew.copies.unusable.add(0)
    crew.shards.own(frozenset({0, 1}))
    assert crew.copies.aside == [0]
    assert len(list(crew.copies.stores[0].outcomes())) == 2


def test_a_copy_that_is_no_good_at_once_again_is_not_tried_for_ever() -> None:
    """What a new copy is told is at fault then, and a person has to look."""
    copies = Hopeless()
    crew = Crew(copies)
    with pytest.raises(UnusableState):
        crew.shards.own(frozenset({0}))
    assert copies.aside == [0]


class Hopeless(MemoryCopies):
    def open(self, partition: int) -> MemoryStore:
        raise UnusableState("a bit has turned again")


class Failing(MemoryStore):
    """A store that fails once, at its first commit or when it is first asked about an image."""

    def __init__(self, fault: Exception, *, at_commit: bool) -> None:
        super().__init__()
        self.fault: Exception | None = fault
        self.at_commit = at_commit

    def content_hash(self, scope: str, image_id: str) -> str | None:
        self._reach(at_commit=False)
        return super().content_hash(scope, image_id)

    def commit(self, batch: Batch) -> None:
        self._reach(at_commit=True)
        super().commit(batch)

    def _reach(self, *, at_commit: bool) -> None:
        if self.fault is not None and at_commit == self.at_commit:
            fault, self.fault = self.fault, None
            raise fault


def test_damage_found_while_deciding_costs_the_batch_only() -> None:
    """The batch is given up, the copy is made anew, and the same messages can be decided then."""
    crew = Crew()
    crew.copies.stores[0] = Failing(UnusableState("a bit has turned"), at_commit=False)
    crew.shards.own(frozenset({0}))
    with pytest.raises(CommitAborted, match="a bit has turned"):
        crew.shards.decide(0, [prepared(1)])
    crew.shards.own(frozenset({0}))
    assert crew.copies.aside == [0]
    assert crew.shards.decide(0, [prepared(1)]).outcomes


def test_a_copy_that_could_not_follow_is_mended_from_the_journal() -> None:
    """The disk was full when Kafka had everything: nothing is lost, and the copy is kept."""
    crew = Crew()
    crew.copies.stores[0] = Failing(Transient("the disk is full"), at_commit=True)
    crew.shards.own(frozenset({0}))
    crew.shards.decide(0, [])
    with pytest.raises(CommitAborted, match="disk is full"):
        crew.shards.commit(0, crew.journal.write(0, "a"))
    crew.shards.own(frozenset({0}))
    assert crew.copies.aside == []
    assert [o.cause.image_id for o in crew.copies.stores[0].outcomes()] == ["a"]


def test_dead_letters_are_not_kept_twice() -> None:
    """They lie in a topic of their own; the copy would only grow."""
    crew = Crew()
    crew.shards.own(frozenset({0}))
    rejection = Rejection("a", "s", Origin("images", 0, 0), "corrupt", "torn")
    crew.shards.commit(0, Batch((), (rejection,), (rejection.origin,)))
    store = crew.copies.stores[0]
    assert list(store.rejections()) == []
    assert store.position("images", 0) == 0
