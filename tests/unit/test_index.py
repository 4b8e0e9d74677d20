"""What the indexes do beyond their contract: who ages, and what a small scope costs."""

from __future__ import annotations

import pytest

from engine.index.adaptive import AdaptiveIndex
from engine.index.exact import ExactIndex
from tests.builders import DIM, unit


def test_the_oldest_is_the_one_put_first() -> None:
    """Replacing a vector makes its label no younger; a removed one no longer counts."""
    index = ExactIndex(DIM)
    for label in (5, 2, 9):
        index.put(label, unit(label))
    index.put(5, unit(1))
    assert index.pop_oldest()[0] == 5
    index.remove(2)
    assert index.pop_oldest()[0] == 9
    assert len(index) == 0


def test_the_oldest_comes_with_the_vector_it_has_now() -> None:
    """What moves on is the last direction that was put."""
    index = ExactIndex(DIM)
    index.put(1, unit(1))
    index.put(1, unit(2))
    _, vector = index.pop_oldest()
    assert vector.tolist() == unit(2).tolist()


def test_the_newest_are_scored_exactly_beside_the_older_ones() -> None:
    """Both parts answer as one list, each label once, best first."""
    index = AdaptiveIndex(DIM, recent=3)
    for label in range(10):
        index.put(label, unit(label))
    found = index.search(unit(9), 10)
    assert sorted(label for label, _ in found) == list(range(10))
    scores = [score for _, score in found]
    assert scores == sorted(scores, reverse=True)
    assert scores == pytest.approx([float(unit(9) @ unit(label)) for label, _ in found], abs=1e-5)
