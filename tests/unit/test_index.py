"""What the indexes do beyond their contract: who ages, and what a small scope costs."""

from __future__ import annotations

import numpy as np
import pytest

from engine.index.adaptive import AdaptiveIndex
from engine.index.exact import ExactIndex
from engine.index.hnsw import HnswIndex
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


def test_a_loaded_graph_grows_bit_for_bit_like_the_original() -> None:
    """Levels of new nodes included, which hnswlib does not tell the state of."""
    index, twin = HnswIndex(DIM, capacity=64), HnswIndex(DIM, capacity=64)
    for label in range(500):
        index.put(label, unit(label))
    twin.load(index.dump())
    for label in range(400, 900):
        index.put(label, unit(label + 1000))
        twin.put(label, unit(label + 1000))
    ours, theirs = index.dump().arrays, twin.dump().arrays
    assert ours.keys() == theirs.keys()
    assert all(np.array_equal(ours[name], theirs[name]) for name in ours)
