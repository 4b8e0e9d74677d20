"""What must lie together and what must not: kept through changes, asked before them."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from engine.cluster import Cluster, Prototype
from engine.constraints import Constraints, bound_together, may_merge
from engine.lineage import Constraint
from engine.maintain import merge_order

APART = Constraint(1, 2, together=False)
WITH = Constraint(1, 2, together=True)
LINK = Constraint(1, 2, together=True, cause="c", explicit=True)


def holding(*constraints: Constraint) -> Constraints:
    made = Constraints()
    for constraint in constraints:
        made.add(constraint)
    return made


def cluster(name: str, *lobes: int, called: str = "", pinned: bool = False) -> Cluster:
    prototypes = {lobe: Prototype(lobe, f"{lobe}#0", np.ones(2)) for lobe in lobes}
    return Cluster(name, 1, pinned=pinned, name=called, prototypes=prototypes)


def test_a_constraint_is_found_by_either_lobe() -> None:
    """Once, by its kind, and only between the groups that are asked about."""
    held = holding(WITH, WITH, Constraint(2, 3, together=False))
    assert held.between([1], [2, 3], together=True) == [WITH]
    assert held.between([3, 2], [1], together=True) == [WITH]
    assert held.between([1], [2, 3], together=False) == []
    assert list(held) == [WITH, Constraint(2, 3, together=False)]


def test_a_discarded_constraint_is_gone() -> None:
    """From both lobes; discarding what is not there is nothing."""
    held = holding(WITH)
    held.discard(WITH)
    held.discard(WITH)
    assert list(held) == []


def test_constraints_follow_a_fusion() -> None:
    """Of the two lobes nothing is left to say; what held for one holds for the other."""
    held = holding(WITH, Constraint(0, 2, together=False))
    held.replace(2, 1)
    assert list(held) == [Constraint(0, 1, together=False)]


def test_lobes_that_must_not_lie_together_are_never_fused() -> None:
    """It would be our bug to try."""
    with pytest.raises(ValueError, match="must not lie together"):
        holding(APART).replace(2, 1)


def test_an_explicit_link_goes_with_the_exemplar() -> None:
    """What merely followed from a merge stays with the lobe."""
    held = holding(WITH, LINK)
    held.hand_on(1, 9)
    assert list(held) == [WITH, replace(LINK, one=2, other=9)]


def test_a_copy_goes_its_own_way() -> None:
    """A plan may change it without the book noticing."""
    held = holding(WITH)
    held.copy().drop(1)
    assert list(held) == [WITH]
    held.drop(1, explicit=True)
    assert list(held) == [WITH]


def test_what_a_command_brought_about_is_found() -> None:
    """As it stands now."""
    held = holding(LINK, APART)
    held.replace(2, 7)
    assert held.caused_by("c") == [replace(LINK, other=7)]
    assert held.linked([1, 2, 7]) == {1, 7}


MERGERS = [
    (cluster("a", 1), cluster("b", 2), Constraints(), True),
    (cluster("a", 1), cluster("b", 2), holding(WITH), True),
    (cluster("a", 1), cluster("b", 2), holding(APART), False),
    (cluster("a", 1, 5), cluster("b", 2, 6), holding(APART), False),
    (cluster("a", 1, called="x"), cluster("b", 2), Constraints(), True),
    (cluster("a", 1, called="x"), cluster("b", 2, called="x"), Constraints(), True),
    (cluster("a", 1, called="x"), cluster("b", 2, called="y"), Constraints(), False),
    (cluster("a", 1, pinned=True), cluster("b", 2), Constraints(), True),
    (cluster("a", 1, pinned=True), cluster("b", 2, pinned=True), Constraints(), False),
]


@pytest.mark.parametrize(("one", "other", "constraints", "allowed"), MERGERS)
def test_evidence_merges_only_what_people_allow(
    one: Cluster, other: Cluster, constraints: Constraints, *, allowed: bool
) -> None:
    """In either order."""
    assert may_merge(one, other, constraints) is may_merge(other, one, constraints) is allowed


def test_lobes_are_bound_through_others() -> None:
    """Groups that may be taken apart from each other, but not within."""
    held = holding(WITH, Constraint(2, 3, together=True), Constraint(4, 9, together=True))
    assert bound_together(cluster("a", 5, 4, 3, 2, 1), held) == [{1, 2, 3}, {4}, {5}]
    assert bound_together(cluster("a", 4, 5, pinned=True), held) == [{4, 5}]


def test_what_people_said_outlives_the_rest() -> None:
    """Pinned before named before confirmed; then size, then age."""
    plain, old = cluster("plain", 1, 2), replace(cluster("old", 3, 4), founded=0)
    confirmed = replace(cluster("confirmed", 5), confirmed=True)
    named, pinned = cluster("named", 6, called="x"), cluster("pinned", 7, pinned=True)
    ranked = [pinned, named, confirmed, old, plain]
    for better, worse in pairwise(ranked):
        assert merge_order(worse, better) == merge_order(better, worse) == (better, worse)
