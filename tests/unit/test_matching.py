"""Which points are paired, whatever kind of features they are of."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from engine.types import LocalFeatures
from engine.vision.matching import CosineMatcher, Matcher, RatioMatcher

MATCHERS = (RatioMatcher(), CosineMatcher())


def features(descriptors: NDArray[np.uint8]) -> LocalFeatures:
    """Points along a line, one a descriptor."""
    points = np.zeros((len(descriptors), 4), np.float32)
    points[:, 0] = np.arange(len(descriptors))
    return LocalFeatures(points, descriptors, max(1, len(descriptors)), 1)


def scattered(count: int, seed: int) -> LocalFeatures:
    rng = np.random.default_rng(seed)
    return features(rng.integers(0, 256, (count, 64), np.uint8))


@pytest.mark.parametrize("matcher", MATCHERS)
@given(st.integers(0, 20), st.integers(0, 20), st.integers(0, 9))
def test_no_point_is_paired_twice(matcher: Matcher, one: int, other: int, seed: int) -> None:
    """On either side; ratios lie between 0 and 1."""
    found = matcher.match(scattered(one, seed), scattered(other, seed + 1))
    assert found.rows.shape == (len(found.ratios), 2)
    assert all(len(set(column)) == len(column) for column in found.rows.T.tolist())
    assert ((found.ratios >= 0) & (found.ratios <= 1)).all()


@pytest.mark.parametrize("matcher", MATCHERS)
def test_the_same_points_find_each_other_in_any_order(matcher: Matcher) -> None:
    """Shuffled, each is paired with itself."""
    first = scattered(30, 0)
    order = np.random.default_rng(1).permutation(30)
    found = matcher.match(first, features(first.descriptors[order]))
    assert len(found.rows) == 30
    assert np.array_equal(order[found.rows[:, 1]], found.rows[:, 0])


def test_two_orientations_of_a_point_are_one_match() -> None:
    """SIFT puts several on one place."""
    first = scattered(12, 0)
    first.points[:6, 0] = 1.0
    assert len(RatioMatcher().match(first, scattered(12, 0)).rows) == 7


def test_unlike_descriptors_are_no_match_however_mutual() -> None:
    """A cosine below the least is chance; bytes are measured from their middle."""
    middle = np.full((2, 64), 128, np.uint8)
    one, other = middle.copy(), middle.copy()
    one[0, 0] = other[0, 0] = one[1, 1] = 255
    other[1, 1], other[1, 2] = 228, 255
    found = CosineMatcher().match(features(one), features(other))
    assert found.rows.tolist() == [[0, 0]]
    assert len(CosineMatcher(least=0.5).match(features(one), features(other)).rows) == 2
