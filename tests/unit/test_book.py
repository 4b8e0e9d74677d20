"""Lobes that are split off, moved and carved: the book follows, sums stay exact."""

from __future__ import annotations

from itertools import count

import numpy as np
import pytest

from engine.book import Book, ScopeBook
from engine.cluster import UNKNOWN, Taken, id_of_child
from engine.index.exact import ExactIndex
from engine.lineage import Assigned, Carved, Change, Created, Event, Merged, Moved, Split
from engine.types import GeoPoint, Item, Vector
from engine.verdict import Evidence
from tests.builders import DIM, prepared

HERE = Taken(GeoPoint(1.0, 2.0), 3.0)


class Scope:
    """A scope of the book that is told one change at a time."""

    def __init__(self) -> None:
        self.book: ScopeBook = Book(lambda: ExactIndex(DIM)).scope("site")
        self._numbers = count(1)
        self.items: dict[str, Item] = {}

    def apply(self, change: Change) -> None:
        self.book.apply(Event("site", self.book.seq + 1, change), self.items, HERE)

    def photo(self, cluster: str, lobe: int) -> str:
        """One more photo; it founds the cluster and the lobe where they are new."""
        [item] = prepared(next(self._numbers)).items
        self.items[item.item_id] = item
        if cluster not in self.book.clusters:
            self.apply(Created(cluster, item.item_id))
        founds = lobe not in self.book.owners
        self.apply(Assigned(cluster, item.item_id, lobe, founds, 1.0, Evidence("assign")))
        return item.item_id

    def lobes(self, cluster: str) -> list[int]:
        return list(self.book.clusters[cluster].prototypes)

    def nearest(self, item_id: str) -> tuple[str, int]:
        cluster, lobe = next(self.book.nearest(self.items[item_id].vector, 1))
        return cluster.cluster_id, lobe.prototype_id

    def total(self, *item_ids: str) -> Vector:
        return np.sum([self.items[i].vector for i in item_ids], axis=0, dtype=np.float64)


@pytest.fixture
def scope() -> Scope:
    return Scope()


def test_a_split_founds_a_cluster_of_some_lobes(scope: Scope) -> None:
    """The child is pending and found by the index; the parent keeps the rest."""
    first, second = scope.photo("a", 1), scope.photo("a", 2)
    scope.apply(Split("b", "a", (2,), (second,)))
    assert (scope.lobes("a"), scope.lobes("b")) == ([1], [2])
    assert (scope.nearest(first), scope.nearest(second)) == (("a", 1), ("b", 2))
    assert not scope.book.clusters["b"].confirmed
    assert scope.book.clusters["b"].founded == scope.book.seq


def test_a_move_can_fuse_what_it_brings(scope: Scope) -> None:
    """The lobe that is taken in is gone from the index as well; no member is lost."""
    first, second, third = scope.photo("a", 1), scope.photo("a", 2), scope.photo("b", 3)
    scope.apply(Moved("b", "a", (2,), (second,), ((3, 2),)))
    assert (scope.lobes("a"), scope.lobes("b")) == ([1], [3])
    assert (scope.nearest(first), scope.nearest(third)) == (("a", 1), ("b", 3))
    assert np.array_equal(scope.book.clusters["b"].total(), scope.total(second, third))


def test_a_move_takes_lobes_from_one_cluster_to_another(scope: Scope) -> None:
    """Both live on."""
    scope.photo("a", 1)
    second = scope.photo("a", 2)
    scope.photo("b", 3)
    scope.apply(Moved("b", "a", (2,), (second,)))
    assert (scope.lobes("a"), scope.lobes("b")) == ([1], [3, 2])
    assert scope.nearest(second) == ("b", 2)


@pytest.mark.parametrize("change", [Split("c", "a", (1,), ()), Moved("b", "a", (1,), ())])
def test_nobody_is_left_empty(change: Change, scope: Scope) -> None:
    """A cluster that gives all its lobes away is merged, not moved: else our bug."""
    scope.photo("a", 1)
    scope.photo("b", 2)
    with pytest.raises(ValueError, match="leaves nothing of cluster a"):
        scope.apply(change)


@pytest.mark.parametrize("change", [Created("a", "x#0"), Split("a", "b", (2,), ())])
def test_an_id_is_given_once(change: Change, scope: Scope) -> None:
    """Neither a living id nor a retired one can be born again."""
    scope.photo("b", 1)
    scope.photo("b", 2)
    scope.photo("a", 3)
    with pytest.raises(ValueError, match="existed before"):
        scope.apply(change)
    scope.book.seq -= 1
    scope.apply(Merged("b", "a"))
    with pytest.raises(ValueError, match="existed before"):
        scope.apply(change)


def test_carved_items_found_a_lobe_and_leave_no_residue(scope: Scope) -> None:
    """Both sums are bit-equal to those of lobes that never knew the others."""
    items = [scope.photo("a", lobe) for lobe in (1, 1, 1, 2, 2)]
    scope.apply(Carved("a", 9, ((items[1], 1), (items[4], 2))))
    prototypes = scope.book.clusters["a"].prototypes
    left = {1: (items[0], items[2]), 2: (items[3],), 9: (items[1], items[4])}
    assert {lobe: p.count for lobe, p in prototypes.items()} == {1: 2, 2: 1, 9: 2}
    for lobe, members in left.items():
        assert prototypes[lobe].total.tobytes() == scope.total(*members).tobytes()
    assert scope.nearest(items[3]) == ("a", 2)
    assert scope.book.next_prototype == 10


def test_a_carved_exemplar_goes_along(scope: Scope) -> None:
    """With its place; the lobe it founded has none to verify against any more."""
    items = [scope.photo("a", 1) for _ in range(3)]
    scope.apply(Carved("a", 9, ((items[1], 1), (items[0], 1))))
    prototypes = scope.book.clusters["a"].prototypes
    assert (prototypes[9].exemplar, prototypes[9].taken) == (items[0], HERE)
    assert (prototypes[1].exemplar, prototypes[1].taken) == ("", UNKNOWN)


def test_without_an_exemplar_the_first_becomes_one(scope: Scope) -> None:
    """Its place is not known: it was not the one that was kept."""
    items = [scope.photo("a", 1) for _ in range(3)]
    scope.apply(Carved("a", 9, ((items[2], 1), (items[1], 1))))
    prototypes = scope.book.clusters["a"].prototypes
    assert (prototypes[9].exemplar, prototypes[9].taken) == (items[2], UNKNOWN)
    assert (prototypes[1].exemplar, prototypes[1].taken) == (items[0], HERE)


def test_an_emptied_lobe_is_gone(scope: Scope) -> None:
    """From the cluster, its owners and the index."""
    first, second = scope.photo("a", 1), scope.photo("a", 2)
    scope.apply(Carved("a", 9, ((first, 1), (second, 2))))
    assert scope.lobes("a") == [9]
    assert scope.book.owners == {9: "a"}
    assert len(scope.book.index) == 1


def test_children_have_ids_of_their_own() -> None:
    """Another lobe, event or scope gives another id; the order of the lobes does not."""
    ids = {id_of_child(scope, (lobe,), seq) for scope in "st" for lobe in (1, 2) for seq in (5, 6)}
    assert len(ids) == 8
    assert id_of_child("s", (2, 1), 5) == id_of_child("s", (1, 2), 5) == id_of_child("s", (1,), 5)
