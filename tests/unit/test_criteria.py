"""Where the tree of a sample is cut: piles of all sorts, hierarchies, and nothing at all."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from benchmarks.measures import bcubed_f
from engine.criteria import FEWEST, STRICTEST, Fit, fit
from engine.linkage import groups, mergers
from tests.blobs import blobs, centred, partition

Floats = NDArray[np.float64]


def cut(rows: Floats, threshold: float) -> list[int]:
    tree = mergers(rows @ rows.T, np.ones(len(rows)), threshold)
    return [int(group) for group in groups(len(rows), list(tree))]


def unit(rows: Floats) -> Floats:
    rows = rows - rows.mean(axis=0)
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("spread", [0.1, 0.4])
@pytest.mark.parametrize("sizes", [(6,) * 5, (20,) * 10, (4,) * 40, (40, 40), (30, 20, 10, 5, 5)])
def test_clear_piles_are_found(sizes: tuple[int, ...], spread: float, seed: int) -> None:
    """Few or many, equal or not, tight or loose."""
    vectors, truth = blobs(sizes, spread, seed, dim=32)
    rows = centred(vectors)
    assert partition(cut(rows, fit(rows).threshold)) == partition(truth)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    "sizes", [(100, 30, 10, 5, 5), (9,) * 10 + (1,) * 40, (20,) * 6 + (1,) * 60]
)
def test_uneven_piles_and_strays_are_found_nearly(sizes: tuple[int, ...], seed: int) -> None:
    """No pile falls apart; some strays that happen to be near may find each other."""
    vectors, truth = blobs(sizes, 0.15, seed, dim=32)
    rows = centred(vectors)
    found = cut(rows, fit(rows).threshold)
    assert bcubed_f(np.array(truth), np.array(found)) > 0.9
    assert all(any(pile <= group for group in partition(found)) for pile in partition(truth))


@pytest.mark.parametrize("seed", range(5))
def test_a_hierarchy_does_not_collapse(seed: int) -> None:
    """Two worlds of ten piles each are twenty piles, not two: what is coarse is not all."""
    rng = np.random.default_rng(seed)
    worlds = rng.normal(size=(2, 32)).repeat(10, axis=0)
    truth = np.arange(20).repeat(8)
    piles = worlds + 0.7 * rng.normal(size=(20, 32))
    rows = unit(piles[truth] + 0.15 * rng.normal(size=(160, 32)))
    assert partition(cut(rows, fit(rows).threshold)) == partition(truth.tolist())


@pytest.mark.parametrize("seed", range(5))
def test_shapeless_material_falls_back_to_the_background(seed: int) -> None:
    """Where nothing has a partner, hardly any two are linked and the structure is not trusted."""
    rows = unit(np.random.default_rng(seed).normal(size=(200, 64)))
    found = fit(rows)
    cosines = (rows @ rows.T)[np.triu_indices(200, k=1)]
    assert found.trust < 0.5
    assert np.mean(cosines >= found.threshold) < 0.03
    assert len(set(cut(rows, found.threshold))) > 100


def test_piles_are_trusted_and_noise_is_not() -> None:
    """The silhouette of the cut says how much it counts."""
    shaped = fit(centred(blobs((10,) * 8, 0.2)[0]))
    assert shaped.trust == 1.0
    assert shaped.silhouette > 0.5
    assert fit(unit(np.random.default_rng(0).normal(size=(12, 64)))).trust < 0.5


def test_pairs_are_found() -> None:
    """Piles of two are piles."""
    vectors, truth = blobs((2,) * 40, 0.15, dim=64)
    rows = centred(vectors)
    assert len(partition(cut(rows, fit(rows).threshold)) & partition(truth)) >= 38


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 10_000),
    st.integers(FEWEST, 40),
    st.integers(1, 8),
    st.sampled_from([0.0, 1e-5, 0.3]),
    st.integers(2, 24),
)
def test_any_sample_gets_a_threshold(
    seed: int, count: int, piles: int, spread: float, dim: int
) -> None:
    """Copies, groups of copies, fewer dimensions than points: never above copies, never absurd."""
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(piles, dim))[rng.integers(0, piles, count)]
    rows = rows + spread * rng.normal(size=rows.shape)
    rows -= rows.mean(axis=0)
    found = fit(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9))
    assert isinstance(found, Fit)
    assert -1.0 <= found.threshold <= STRICTEST
    assert -1.0 <= found.silhouette <= 1.0
    assert 0.0 <= found.trust <= 1.0
