"""The map in three dimensions is stable, bounded and faithful to distances that fit into it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from engine.jobs.project import project

vector_sets = hnp.arrays(
    np.float32,
    st.tuples(st.integers(0, 12), st.integers(1, 8)),
    elements=st.floats(-1, 1, width=32),
)


@given(vector_sets)
def test_any_vectors_give_finite_points_within_the_cube(vectors: NDArray[np.float32]) -> None:
    """Few, equal or flat vectors are laid out as well as many."""
    points = project(vectors)
    assert points.shape == (len(vectors), 3)
    assert points.dtype == np.float32
    assert np.isfinite(points).all()
    assert (np.abs(points) <= 1).all()
    assert np.array_equal(points, project(vectors))


def test_flat_data_keeps_its_distances() -> None:
    """Vectors that already lie in three dimensions keep the proportions of their distances."""
    rng = np.random.default_rng(3)
    basis = np.linalg.qr(rng.normal(size=(64, 3)))[0].T
    flat = rng.normal(size=(40, 3))
    points = project((flat @ basis).astype(np.float32)).astype(np.float64)
    before = np.linalg.norm(flat[1:] - flat[0], axis=1)
    after = np.linalg.norm(points[1:] - points[0], axis=1)
    assert after / before == pytest.approx((after / before)[0], rel=1e-4)
    assert np.abs(points).max() == pytest.approx(1)


def test_each_axis_points_to_its_largest_coordinate() -> None:
    """A mirrored solution of the decomposition cannot flip the map."""
    points = project(np.random.default_rng(5).normal(size=(30, 16)).astype(np.float32))
    assert (points[np.abs(points).argmax(axis=0), range(3)] > 0).all()


@pytest.mark.parametrize("count", [1, 2, 5])
def test_equal_vectors_share_one_point(count: int) -> None:
    """Rounding noise between equal vectors is not blown up into structure."""
    assert not project(np.full((count, 512), 0.0442, dtype=np.float32)).any()
