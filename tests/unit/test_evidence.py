"""What verdicts are worth."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.evidence import Worth, agrees, probability, same_place
from engine.verdict import Verdict
from engine.vision import worths

KINDS = (worths.SIFT, worths.XFEAT)

supports = st.floats(0, 500)
counts = st.integers(0, 2000)


def verdict(support: float, matches: int) -> Verdict:
    return Verdict(matches, matches, support, 0.5, worths.SIFT.belief(support, matches))


@given(st.sampled_from(KINDS), supports, supports, counts)
def test_more_support_is_never_worth_less(
    worth: Worth, one: float, other: float, matches: int
) -> None:
    """Distinctive inliers speak for one place."""
    less, more = sorted((one, other))
    assert worth.belief(less, matches) <= worth.belief(more, matches)


@given(st.sampled_from(KINDS), supports, counts, counts)
def test_more_matches_for_the_same_support_are_never_worth_more(
    worth: Worth, support: float, one: int, other: int
) -> None:
    """Of look-alikes much matches and little agrees."""
    few, many = sorted((one, other))
    assert worth.belief(support, many) <= worth.belief(support, few)


@pytest.mark.parametrize("worth", KINDS)
def test_nothing_in_common_says_little(worth: Worth) -> None:
    """Two views of one place need not overlap."""
    assert -2.5 < worth.belief(0, 50) < 0


@pytest.mark.parametrize(
    ("support", "matches", "same"),
    [
        (0.0, 30, False),
        (2.9, 25, False),  # the most that 10,654 pairs of different places come to
        (4.8, 58, False),  # two sides of one drawn container
        (4.8, 35, True),  # a room of ScanNet from two corners
        (30.0, 90, True),
    ],
)
def test_agreement_begins_above_what_strangers_reach(
    support: float, matches: int, same: bool
) -> None:
    """The threshold lies between look-alikes and the weakest pairs that are views of one place."""
    assert agrees(verdict(support, matches)) is same
    assert (probability(same_place(verdict(support, matches))) > 0.5) is same


def test_probabilities_stay_within_bounds() -> None:
    """However far the odds."""
    assert 0 < probability(-1e9) < 1e-20
    assert probability(1e9) <= 1
    assert probability(0) == 0.5
