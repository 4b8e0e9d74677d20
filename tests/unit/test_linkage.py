"""Average linkage and Ward's fusions, against scipy and against their definitions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import pdist

from engine.linkage import fusions, groups, mergers
from tests.blobs import partition

Floats = NDArray[np.float64]


def points(seed: int, count: int, dim: int = 5) -> Floats:
    rows = np.random.default_rng(seed).normal(size=(count, dim))
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True))


def grouped(similarity: Floats, least: float = -np.inf) -> set[frozenset[int]]:
    count = len(similarity)
    return partition(groups(count, list(mergers(similarity, np.ones(count), least))).tolist())


seeds, sizes = st.integers(0, 10_000), st.integers(2, 40)


@settings(deadline=None)
@given(seeds, sizes)
def test_the_tree_is_scipys(seed: int, count: int) -> None:
    """The same heights, from the most similar pair to the last two piles."""
    rows = points(seed, count)
    found = [merger.similarity for merger in mergers(rows @ rows.T, np.ones(count))]
    expected = 1.0 - linkage(pdist(rows, "cosine"), "average")[:, 2]
    assert found == pytest.approx(expected.tolist())


@settings(deadline=None)
@given(seeds, sizes, st.floats(-0.5, 0.99))
def test_a_threshold_cuts_as_scipy_does(seed: int, count: int, least: float) -> None:
    """Piles that are less similar on average stay apart."""
    rows = points(seed, count)
    tree = linkage(pdist(rows, "cosine"), "average")
    expected = partition(fcluster(tree, 1.0 - least, "distance").tolist())
    assert grouped(rows @ rows.T, least) == expected


@settings(deadline=None)
@given(seeds, st.lists(st.integers(1, 6), min_size=2, max_size=15))
def test_a_pile_counts_as_often_as_it_has_members(seed: int, counts: list[int]) -> None:
    """A lobe of several copies is what the copies one by one would be."""
    rows = points(seed, len(counts))
    lobes = [m.similarity for m in mergers(rows @ rows.T, np.array(counts, np.float64))]
    copies = rows.repeat(counts, axis=0)
    one_by_one = [m.similarity for m in mergers(copies @ copies.T, np.ones(len(copies)))]
    assert lobes == pytest.approx(one_by_one[len(copies) - len(counts) :])


@settings(deadline=None)
@given(seeds, sizes, st.data())
def test_what_must_stay_apart_does(seed: int, count: int, data: st.DataObject) -> None:
    """However similar two piles are, and whatever either has been merged with by then."""
    rows = points(seed, count)
    similarity = rows @ rows.T
    pair = st.tuples(st.integers(0, count - 1), st.integers(0, count - 1))
    apart = [(a, b) for a, b in data.draw(st.lists(pair, max_size=6)) if a != b]
    for one, other in apart:
        similarity[one, other] = similarity[other, one] = -np.inf
    label = groups(count, list(mergers(similarity, np.ones(count))))
    assert all(label[one] != label[other] for one, other in apart)
    assert apart or len(set(label.tolist())) == 1


def test_ties_go_to_the_pile_that_comes_first() -> None:
    """So that a recovered worker merges the same two of many copies."""
    found = [(m.kept, m.absorbed) for m in mergers(np.ones((4, 4)), np.ones(4))]
    assert found == [(0, 1), (0, 2), (0, 3)]


def test_the_threshold_itself_still_merges() -> None:
    """`least` is the least similarity that is enough; nothing below it is."""
    similarity = np.array([[1.0, 0.5, 0.0], [0.5, 1.0, 0.0], [0.0, 0.0, 1.0]])
    assert grouped(similarity, 0.5) == {frozenset({0, 1}), frozenset({2})}
    assert len(grouped(similarity, 0.51)) == 3


def test_what_is_given_is_not_changed() -> None:
    """The caller's matrix and counts are read alone."""
    rows = points(1, 9)
    similarity, counts = rows @ rows.T, np.ones(9)
    before = similarity.copy()
    list(mergers(similarity, counts))
    list(fusions(rows, counts))
    assert np.array_equal(similarity, before)
    assert np.array_equal(counts, np.ones(9))


@settings(deadline=None)
@given(seeds, st.lists(st.integers(1, 6), min_size=2, max_size=12))
def test_fusions_lose_least(seed: int, counts: list[int]) -> None:
    """Each fusion is the one by which the squared deviations grow least, into the larger pile."""
    rows = np.random.default_rng(seed).normal(size=(len(counts), 4))
    piles = {n: (rows[n] * size, size) for n, size in enumerate(counts)}
    for kept, absorbed in fusions(rows, np.array(counts, np.float64)):
        least = min(_loss(piles[a], piles[b]) for a in piles for b in piles if a < b)
        assert _loss(piles[kept], piles[absorbed]) == pytest.approx(least)
        assert (-piles[kept][1], kept) < (-piles[absorbed][1], absorbed)
        total, size = piles.pop(absorbed)
        piles[kept] = piles[kept][0] + total, piles[kept][1] + size
    assert len(piles) == 1


def _loss(one: tuple[Floats, int], other: tuple[Floats, int]) -> float:
    apart = one[0] / one[1] - other[0] / other[1]
    return float(apart @ apart) * one[1] * other[1] / (one[1] + other[1])
