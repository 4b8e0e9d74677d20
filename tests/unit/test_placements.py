"""Folding a journal: every item on the cluster that lives now, whatever happened on the way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from engine.commands import UndoCommand
from engine.jobs.placements import group_numbers, placements
from engine.lineage import (
    Assigned,
    Carved,
    Change,
    Confirmed,
    Created,
    Event,
    Forgotten,
    Inheritance,
    Merged,
    Moved,
    Named,
    Revived,
    Split,
    Standing,
    Vouched,
)
from engine.types import Correction, ImageRecord, Item, Origin, Outcome
from engine.verdict import Evidence
from tests.builders import prepared


def outcome(number: int, *changes: Change, scope: str = "site", items: int = 1) -> Outcome:
    seen = prepared(number)
    image = ImageRecord(seen.image.image_id, scope, Origin("t", 0, number), "hash", 640, 480)
    crops = tuple(
        Item(f"{image.image_id}#{k}", seen.items[0].vector, seen.items[0].box) for k in range(items)
    )
    events = tuple(Event(scope, n, change) for n, change in enumerate(changes, start=1))
    return Outcome(image, crops, events)


def lobe(cluster: str) -> int:
    """The one lobe that a cluster begins with."""
    return ord(cluster[0])


def joins(number: int, cluster: str, k: int = 0, confidence: float = 1.0) -> Assigned:
    item_id = f"image-{number}#{k}"
    return Assigned(cluster, item_id, lobe(cluster), False, confidence, Evidence("assign"))


def founds(number: int, cluster: str) -> tuple[Change, ...]:
    return Created(cluster, f"image-{number}#0"), joins(number, cluster)


def clusters(outcomes: Sequence[Outcome]) -> list[str]:
    return [placement.cluster_id for placement in placements(outcomes)]


def test_items_come_in_the_order_they_arrived() -> None:
    """Several of one photo in theirs, each with the confidence of its own assignment."""
    found = placements(
        [
            outcome(2, Created("a", "image-2#0"), joins(2, "a"), joins(2, "b", 1, 0.5), items=2),
            outcome(1, *founds(1, "c")),
        ]
    )
    assert [p.item.item_id for p in found] == ["image-2#0", "image-2#1", "image-1#0"]
    assert [p.confidence for p in found] == [1.0, 0.5, 1.0]


def test_a_retired_cluster_redirects_through_every_merge() -> None:
    """a went into b, b later into c: all lie on c, those that joined early too."""
    history = [
        outcome(1, *founds(1, "a")),
        outcome(2, *founds(2, "b")),
        outcome(3, *founds(3, "c")),
        outcome(4, joins(4, "b"), Merged("b", "a")),
        outcome(5, joins(5, "c"), Merged("c", "b")),
    ]
    assert clusters(history) == ["c"] * 5


def test_a_merge_with_a_confirmed_cluster_confirms() -> None:
    """Whichever of the two it was, and whenever it was confirmed."""
    survivor = [outcome(1, *founds(1, "a"), Confirmed("a")), outcome(2, *founds(2, "b"))]
    retired = [outcome(1, *founds(1, "b")), outcome(2, *founds(2, "a"), Confirmed("a"))]
    merger = outcome(3, joins(3, "a"), Merged("a", "b"))
    assert all(p.confirmed for p in placements([*survivor, merger]))
    merger = outcome(3, joins(3, "b"), Merged("b", "a"))
    assert all(p.confirmed for p in placements([*retired, merger]))


def test_lobes_take_their_items_along() -> None:
    """Those that were fused or carved as well; the rest stay where they were."""
    history = [
        outcome(1, *founds(1, "a"), Confirmed("a")),
        outcome(2, *founds(2, "b"), Merged("a", "b")),
        outcome(3, *founds(3, "c"), Merged("a", "c", ((lobe("b"), lobe("c")),))),
        outcome(4, joins(4, "a"), Carved("a", 1, (("image-1#0", lobe("a")),))),
    ]
    split = outcome(5, *founds(5, "d"), Split("e", "a", (lobe("b"),), ()))
    moved = outcome(6, Moved("d", "a", (1,), ()), items=0)
    assert clusters(history) == ["a"] * 4
    assert clusters([*history, split]) == ["a", "e", "e", "a", "d"]
    assert clusters([*history, split, moved]) == ["d", "e", "e", "a", "d"]
    assert [p.confirmed for p in placements([*history, split])] == [True, False, False, True, False]


def test_what_was_carved_is_not_counted_twice() -> None:
    """A carved item comes with its outcome, but arrived with another."""
    first = outcome(1, *founds(1, "a"))
    later = outcome(2, joins(2, "a"), Carved("a", 1, (("image-1#0", lobe("a")),)))
    later = replace(later, items=(*later.items, *first.items))
    assert [p.item.item_id for p in placements([first, later])] == ["image-1#0", "image-2#0"]


def corrected(number: int, *changes: Change) -> Outcome:
    order = Correction(f"c{number}", "site", Origin("t", 0, number), UndoCommand("x"))
    events = tuple(Event("site", n, change) for n, change in enumerate(changes, start=1))
    return Outcome(order, (), events)


def test_names_and_standing_are_told() -> None:
    """The last word counts; who merges takes the name over where it has none."""
    history = [outcome(1, *founds(1, "a")), outcome(2, *founds(2, "b"))]
    named = corrected(1, Named("b", "door", ""), Vouched("b", True, True, False, False))
    assert [(p.called, p.confirmed) for p in placements([*history, named])] == [
        ("", False),
        ("door", True),
    ]
    merged = corrected(2, Merged("a", "b"))
    assert [p.called for p in placements([*history, named, merged])] == ["door", "door"]
    doubted = corrected(3, Vouched("a", False, False, True, True), Named("a", "", "door"))
    found = placements([*history, named, merged, doubted])
    assert [(p.called, p.confirmed) for p in found] == [("", False), ("", False)]


def test_a_revived_cluster_has_its_lobes_back() -> None:
    """With those that joined them; both sides stand as they stood."""
    was, heir = Standing(2, True, False, "door"), Standing(1, False, False, "")
    history = [outcome(1, *founds(1, "a")), outcome(2, *founds(2, "b"), Confirmed("b"))]
    history.append(corrected(1, Named("b", "door", ""), Merged("a", "b")))
    late = outcome(3, replace(joins(3, "a"), prototype_id=lobe("b")))
    revived = Revived("b", "a", Inheritance((lobe("b"),), was, heir), ())
    found = placements([*history, late, corrected(2, revived)])
    assert [p.cluster_id for p in found] == ["a", "b", "b"]
    assert [(p.called, p.confirmed) for p in found] == [("", False), ("door", True), ("door", True)]


def test_forgotten_items_lie_nowhere() -> None:
    """The others stay as they are."""
    history = [outcome(1, *founds(1, "a")), outcome(2, joins(2, "a"))]
    forgotten = corrected(1, Forgotten("a", "image-1#0", lobe("a")))
    assert [p.item.item_id for p in placements([*history, forgotten])] == ["image-2#0"]


def test_scopes_never_meet() -> None:
    """One cluster id in two scopes is two clusters; a merge in one leaves the other alone."""
    history = [
        outcome(1, *founds(1, "a"), Confirmed("a")),
        outcome(1, *founds(1, "a"), scope="other"),
        outcome(2, *founds(2, "b"), Merged("b", "a")),
    ]
    found = placements(history)
    assert [p.key for p in found] == [("site", "b"), ("other", "a"), ("site", "b")]
    assert [p.confirmed for p in found] == [True, False, True]


def test_groups_are_numbered_in_order_of_their_first_item() -> None:
    """Pending clusters get no number and leave no gap."""
    history = [
        outcome(1, *founds(1, "z"), Confirmed("z")),
        outcome(2, *founds(2, "pending")),
        outcome(3, *founds(3, "a"), Confirmed("a")),
        outcome(4, joins(4, "z")),
    ]
    assert group_numbers(placements(history)) == {("site", "z"): 0, ("site", "a"): 1}


def test_an_empty_journal_places_nothing() -> None:
    """No photos, no groups."""
    assert placements([]) == []
    assert group_numbers([]) == {}
