"""A local copy beside its journal: what differs is named, what agrees is not."""

from __future__ import annotations

from consumer.agreement import disagreements
from consumer.journal import journal_batches
from engine.ports import Store
from engine.types import Batch, Outcome
from tests.builders import make_features, make_outcome
from tests.fakes import MemoryStore
from tests.unit.test_journal import Log, journal_of

OUTCOMES = [make_outcome(name, scope=name, features=make_features()) for name in "abc"]


def copy_of(log: Log) -> MemoryStore:
    store = MemoryStore()
    for batch in journal_batches(log, 0):
        store.commit(batch)
    return store


def faults(copy: Store, outcomes: list[Outcome]) -> list[str]:
    return list(disagreements(copy, journal_of(outcomes), 0, MemoryStore()))


def test_a_copy_agrees_with_its_journal() -> None:
    """Wherever it has got to: what it does not know yet is no fault."""
    assert faults(copy_of(journal_of(OUTCOMES)), OUTCOMES) == []
    assert faults(copy_of(journal_of(OUTCOMES[:2])), OUTCOMES) == []


def test_what_a_copy_made_up_or_lost_is_named() -> None:
    """An outcome too many, one of other features, and one that is missing."""
    copy = copy_of(journal_of(OUTCOMES[:2]))
    copy.commit(Batch((make_outcome("x", scope="x"),)))
    assert faults(copy, OUTCOMES) == ["it has image 'x' of scope 'x' where the journal has nothing"]
    other = [make_outcome("a", scope="a", features=make_features(seed=1)), *OUTCOMES[1:]]
    assert faults(copy_of(journal_of(OUTCOMES)), other) == [
        "it has image 'a' of scope 'a' where the journal has image 'a' of scope 'a'"
    ]
    assert "no outcome" in faults(copy_of(journal_of(OUTCOMES)), OUTCOMES[:2])[0]


def test_what_follows_no_journal_is_no_copy() -> None:
    """A folder's state knows no offset; a copy of a partition without photos is empty."""
    folder = MemoryStore()
    folder.commit(Batch((OUTCOMES[0],)))
    assert "knows no offset" in faults(folder, OUTCOMES)[0]
    assert faults(MemoryStore(), OUTCOMES) == []
