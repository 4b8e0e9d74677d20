"""What everyone owes who knows which items lie on which lobe, committed or not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.lineage import Assigned, Carved, Change, Event, Forgotten, Merged, Moved
from engine.members import Membership
from engine.ports import Members
from engine.types import Batch, Item, Outcome
from engine.verdict import Evidence
from state.store import open_store
from tests.builders import prepared
from tests.fakes import MemoryStore


class History:
    """Outcomes numbered as they come, each told to whoever listens."""

    def __init__(self, *tell: Callable[[Outcome], None]) -> None:
        self._tell = tell
        self._seq = count(1)
        self._photos = count(1)

    def photo(self, lobe: int, *more: Change, items: tuple[Item, ...] = ()) -> Item:
        """A photo whose item joins a lobe, and what else it changes."""
        made = prepared(next(self._photos))
        [item] = made.items
        joined = Assigned("c", item.item_id, lobe, False, 1.0, Evidence("assign"))
        events = tuple(Event("site", next(self._seq), change) for change in (joined, *more))
        for tell in self._tell:
            tell(Outcome(made.image, (item, *items), events))
        return item


def remembering(members: Membership) -> Callable[[Outcome], None]:
    def remember(outcome: Outcome) -> None:
        for event in outcome.events:
            members.remember(event, {item.item_id: item for item in outcome.items})

    return remember


@pytest.fixture(params=["memory", "file", "fake", "over a file", "over a fake"])
def told(
    request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[tuple[Members, Callable[[Outcome], None]]]:
    """An implementation of Members and how it hears of an outcome."""
    if request.param == "memory":
        alone = Membership()
        yield alone, remembering(alone)
        return
    fake = request.param.endswith("fake")
    store = MemoryStore() if fake else open_store(tmp_path / "s.db", "test")
    with closing(store):
        if request.param.startswith("over"):
            over = Membership(store)
            yield over, remembering(over)
        else:
            yield store, lambda outcome: store.commit(Batch((outcome,)))


Told = tuple[Members, Callable[[Outcome], None]]


def test_nobody_is_there_at_first(told: Told) -> None:
    """Unknown lobes are empty, unknown items are nowhere."""
    members, _ = told
    assert members.members("site", [0, 1]) == []
    assert members.locate("site", "image-1#0") is None


def test_items_are_found_on_their_lobes(told: Told) -> None:
    """By lobe, sorted, several lobes at once; by item with vector and box, features left out."""
    members, tell = told
    history = History(tell)
    first, second, third = (history.photo(lobe) for lobe in (7, 8, 7))
    assert members.members("site", [7]) == [first.item_id, third.item_id]
    assert members.members("site", {8, 7, 9}) == [first.item_id, second.item_id, third.item_id]
    assert members.members("elsewhere", [7]) == []
    found = members.locate("site", second.item_id)
    assert found is not None
    assert (found[0].item_id, found[0].box, found[0].features) == (second.item_id, second.box, None)
    assert found[0].vector.tobytes() == second.vector.tobytes()
    assert found[1] == 8


def test_fusions_are_followed_to_the_end(told: Told) -> None:
    """What went into a lobe that went into another lies on the last one, and only there."""
    members, tell = told
    history = History(tell)
    items = [history.photo(lobe) for lobe in (1, 2, 3)]
    moved = Moved("c", "e", (2,), (), ((3, 2),))
    items.append(history.photo(4, Merged("c", "d", ((2, 1),)), moved))
    ids = [item.item_id for item in items]
    assert members.members("site", [3]) == ids[:3]
    assert members.members("site", [4]) == ids[3:]
    assert [members.locate("site", i)[1] for i in ids] == [3, 3, 3, 4]  # type: ignore[index]


def test_carved_items_leave_alone(told: Told) -> None:
    """The named ones lie on the new lobe, the others where they were."""
    members, tell = told
    history = History(tell)
    first, second = history.photo(1), history.photo(1)
    third = history.photo(2, Carved("c", 9, ((second.item_id, 1),)), items=(second,))
    assert members.members("site", [9]) == [second.item_id]
    assert members.members("site", [1]) == [first.item_id]
    assert members.members("site", [2]) == [third.item_id]
    history.photo(5, Merged("c", "d", ((1, 9),)))
    assert members.members("site", [1]) == [first.item_id, second.item_id]


def test_a_forgotten_item_is_nowhere(told: Told) -> None:
    """Neither on its lobe nor anywhere else; its neighbours stay."""
    members, tell = told
    history = History(tell)
    first, second = history.photo(1), history.photo(1)
    history.photo(2, Forgotten("c", first.item_id, 1), items=(first,))
    assert members.members("site", [1, 2]) == [second.item_id, "image-3#0"]
    assert members.locate("site", first.item_id) is None


def test_fusions_are_remembered_by_when_they_were(told: Told) -> None:
    """For the lobe that absorbed as for the one that was absorbed; others were left alone."""
    members, tell = told
    history = History(tell)
    for lobe in (1, 2, 3):
        history.photo(lobe)
    history.photo(4, Merged("c", "d", ((2, 1),)))  # events 4 and 5
    assert members.fused_since("site", [1], 4)
    assert members.fused_since("site", [2, 9], 4)
    assert not members.fused_since("site", [1, 2], 5)
    assert not members.fused_since("site", [3, 4], 0)
    assert not members.fused_since("elsewhere", [1, 2], 0)


class Lobes:
    """Which lobes live, and which items lie where: the truth to draw histories from."""

    def __init__(self) -> None:
        self.where: dict[str, int] = {}
        self.items: dict[str, Item] = {}
        self.next = count(10)

    @property
    def living(self) -> list[int]:
        return sorted(set(self.where.values()))


@st.composite
def steps(draw: st.DrawFn) -> list[tuple[str, int, int]]:
    kinds = st.sampled_from(["join", "join", "fuse", "carve", "forget", "commit"])
    return draw(st.lists(st.tuples(kinds, st.integers(0, 99), st.integers(0, 99)), max_size=25))


def change(kind: str, one: int, other: int, truth: Lobes) -> tuple[Change, tuple[Item, ...]] | None:
    """Turn drawn numbers into a change that is possible now, and follow it."""
    lobes, names = truth.living, sorted(truth.where)
    if kind == "fuse" and len(lobes) > 1:
        kept, absorbed = lobes[one % len(lobes)], lobes[other % len(lobes)]
        if kept != absorbed:
            truth.where = {i: kept if at == absorbed else at for i, at in truth.where.items()}
            return Merged("c", "d", ((kept, absorbed),)), ()
    if kind == "carve" and names:
        name, new = names[one % len(names)], next(truth.next)
        left, truth.where[name] = truth.where[name], new
        return Carved("c", new, ((name, left),)), (truth.items[name],)
    if kind == "forget" and names:
        name = names[one % len(names)]
        return Forgotten("c", name, truth.where.pop(name)), (truth.items[name],)
    return None


@settings(max_examples=60, deadline=None)
@given(steps())
def test_what_is_committed_when_does_not_show(script: list[tuple[str, int, int]]) -> None:
    """Whatever was committed or lies over it, lobes and items are where the truth has them."""
    with TemporaryDirectory() as directory, closing(open_store(Path(directory, "s"), "t")) as store:
        over, alone, truth = Membership(store), Membership(), Lobes()
        batch: list[Outcome] = []
        history = History(remembering(over), remembering(alone), batch.append)
        for kind, one, other in script:
            if kind == "commit":
                store.commit(Batch(tuple(batch)))
                over.settle()
                batch.clear()
                continue
            made = change(kind, one, other, truth)
            lobe = truth.living[one % len(truth.living)] if truth.living and other % 2 else None
            lobe = next(truth.next) if lobe is None else lobe
            changes, items = ((made[0],), made[1]) if made else ((), ())
            item = history.photo(lobe, *changes, items=items)
            truth.where[item.item_id] = lobe
            truth.items[item.item_id] = item
        for members in (over, alone):
            for lobe in truth.living:
                expected = sorted(name for name, at in truth.where.items() if at == lobe)
                assert members.members("site", [lobe]) == expected
            for name, lobe in truth.where.items():
                found = members.locate("site", name)
                assert found is not None
                assert found[1] == lobe
                assert found[0].vector.tobytes() == truth.items[name].vector.tobytes()
