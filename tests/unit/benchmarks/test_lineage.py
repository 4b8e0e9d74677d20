"""What becomes of the id an item got when it arrived."""

from __future__ import annotations

from benchmarks.lineage import Fate, fates
from engine.lineage import Carved, Created, Merged, Moved, Split
from engine.types import Outcome
from tests.unit.benchmarks.toys import joined, outcome

SETTLED = Fate(renamed=False, moved=False, waited=0)


def founded(number: int, cluster_id: str) -> Outcome:
    return outcome(number, Created(cluster_id, f"image-{number}#0"), joined(number, cluster_id))


def test_a_merger_renames_those_it_takes_over() -> None:
    """Who lay on the retired cluster waited for its end; who came with the merger did not."""
    journal = [founded(1, "a"), founded(2, "b"), outcome(3, joined(3, "a"), Merged("a", "b"))]
    assert fates(journal) == [SETTLED, Fate(renamed=True, moved=False, waited=1), SETTLED]


def test_the_wait_ends_with_the_last_change() -> None:
    """Two mergers in a row: the redirects lead to the final id, the second one settles it."""
    journal = [
        founded(1, "a"),
        outcome(2, *[event.change for event in founded(2, "b").events], Merged("b", "a")),
        founded(3, "c"),
        outcome(4, joined(4, "c"), Merged("c", "b")),
    ]
    assert fates(journal) == [
        Fate(renamed=True, moved=False, waited=3),
        Fate(renamed=True, moved=False, waited=2),
        SETTLED,
        SETTLED,
    ]


def test_who_is_assigned_anew_was_taken_elsewhere() -> None:
    """No redirect leads from the first id to the final one."""
    journal = [founded(1, "a"), founded(2, "b"), outcome(3, joined(3, "b"), joined(1, "b"))]
    assert fates(journal)[0] == Fate(renamed=True, moved=True, waited=2)


def test_to_go_and_come_back_at_once_is_no_change() -> None:
    """Only what a photo leaves behind counts, not the way there."""
    back = outcome(3, joined(3, "b"), joined(1, "b"), joined(1, "a"))
    assert fates([founded(1, "a"), founded(2, "b"), back])[0] == SETTLED


def test_to_come_back_later_is_a_wait() -> None:
    """The id of the arrival is the final one, but in between it was another."""
    away, back = (
        outcome(2, joined(2, "b"), joined(1, "b")),
        outcome(3, joined(3, "b"), joined(1, "a")),
    )
    assert fates([founded(1, "a"), away, back])[0] == Fate(renamed=False, moved=False, waited=2)


def test_who_is_split_off_or_moved_was_taken_elsewhere() -> None:
    """Neither leaves a redirect, and only the items named change; carving changes no cluster."""
    journal = [
        founded(1, "a"),
        outcome(2, joined(2, "a")),
        outcome(3, joined(3, "a"), Split("b", "a", (1,), ("image-1#0",))),
        founded(4, "c"),
        outcome(5, joined(5, "c"), Moved("c", "b", (1,), ("image-1#0",))),
        outcome(6, joined(6, "c"), Carved("c", 9, (("image-1#0", 1),))),
    ]
    assert fates(journal) == [Fate(renamed=True, moved=True, waited=4), *[SETTLED] * 5]
