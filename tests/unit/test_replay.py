"""Replay with saved indexes: they are used where they fit, and only time is lost elsewhere."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace

import pytest

from consumer.replay import replayed
from engine.index.adaptive import AdaptiveIndex
from engine.neighbours import Dump, Index
from engine.types import Vector
from tests.builders import DIM
from tests.fakes import MemoryStore
from tests.saving import RECENT, knowledge, new_index, shard_of, take


class Counted(AdaptiveIndex):
    """Counts what was put into it."""

    puts = 0

    def put(self, label: int, vector: Vector) -> None:
        self.puts += 1
        super().put(label, vector)


@pytest.fixture
def store() -> MemoryStore:
    """Remembers sixty photos, and the indexes of the first forty."""
    store = MemoryStore()
    shard = shard_of(store, every=10**9)
    take(shard, range(40))
    store.save_indexes(lambda: dumps(shard.book.scopes()))
    take(shard, range(40, 60))
    return store


def dumps(scopes: Mapping[str, object]) -> dict[str, Dump]:
    return {name: scope.index.dump() for name, scope in scopes.items()}  # type: ignore[attr-defined]


def unsaved() -> object:
    """What a shard knows that nothing was saved of."""
    bare = MemoryStore()
    take(shard_of(bare, every=10**9), range(60))
    return knowledge(shard_of(bare))


def test_saved_indexes_spare_the_building(store: MemoryStore) -> None:
    """Only what came later is put; the state is that of a full replay."""
    made: list[Counted] = []

    def counted() -> Index:
        made.append(Counted(DIM, recent=RECENT))
        return made[-1]

    book = replayed(store, counted, lambda: False)
    assert 20 <= sum(index.puts for index in made) < 40
    assert knowledge(shard_of(store)) == unsaved()
    assert book.scopes().keys() == shard_of(store).book.scopes().keys()


@pytest.mark.parametrize("fault", ["swapped", "foreign", "implausible", "unknown scope", "too far"])
def test_indexes_of_something_else_are_not_used(
    store: MemoryStore, fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Whole as they are: their prototypes are not those of the scope at that point."""
    (saved,) = store.saved_indexes()
    site, yard = saved.dumps["site"], saved.dumps["yard"]
    spoiled = {
        "swapped": replace(saved, dumps={"site": yard, "yard": site}),
        "foreign": replace(saved, dumps={"site": replace(site, dim=DIM + 1)}),
        "implausible": replace(saved, dumps={"site": replace(site, arrays={})}),
        "unknown scope": replace(saved, dumps={"nowhere": site}),
        "too far": replace(saved, outcomes=saved.outcomes + 1000),
    }[fault]
    caplog.set_level(logging.WARNING)
    bad = Spoiled(store, spoiled)
    assert knowledge(shard_of(bad)) == unsaved()
    assert [record.levelname for record in caplog.records] == ["WARNING"]


class Spoiled(MemoryStore):
    """Another store, with something else saved."""

    def __init__(self, store: MemoryStore, saved: object) -> None:
        self.__dict__.update(store.__dict__)
        self._saved = [saved]  # type: ignore[list-item]


def test_an_empty_store_gives_an_empty_book() -> None:
    """The first start of all."""
    assert not replayed(MemoryStore(), new_index, lambda: False).scopes()
