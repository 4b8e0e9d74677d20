"""Sums over members, the layout of maps, and pairs that look alike."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from engine.jobs.project import project
from engine.jobs.quality import spread
from engine.types import GeoPoint
from exporters.view.layout import CLOSEST, alike, lay_out
from exporters.view.tally import Member, Tally, mean_place
from tests.builders import unit

members = st.builds(
    Member,
    st.integers(0, 99).map(unit),
    st.none() | st.floats(0, 1e9),
    st.none() | st.builds(GeoPoint, st.floats(-90, 90), st.floats(-180, 180)),
)


def tally_of(found: list[Member]) -> Tally:
    tally = Tally()
    for member in found:
        tally.add(member)
    return tally


def sums(tally: Tally) -> object:
    total = None if tally.total is None or not tally.count else tally.total.tobytes()
    return tally.count, total, tally.x, tally.y, tally.z, tally.located


@given(st.lists(members), st.lists(members))
def test_what_is_taken_out_leaves_no_trace(staying: list[Member], leaving: list[Member]) -> None:
    """Bit for bit, whatever came and went in between; so does what is moved as a whole."""
    tally = tally_of([*leaving, *staying])
    for member in leaving:
        tally.add(member, -1)
    assert sums(tally) == sums(tally_of(staying))
    whole = tally_of(staying)
    whole.absorb(tally_of(leaving))
    assert sums(whole) == sums(tally_of([*staying, *leaving]))
    times = [m.at for m in (*staying, *leaving) if m.at is not None]
    assert (whole.first, whole.last) == (min(times, default=None), max(times, default=None))


@given(st.lists(members, min_size=1))
def test_a_spread_is_that_of_the_vectors(found: list[Member]) -> None:
    """Without any of them at hand."""
    vectors = np.stack([member.vector for member in found])
    assert tally_of(found).spread() == pytest.approx(spread(vectors), abs=1e-9)


@given(st.builds(GeoPoint, st.floats(-89, 89), st.floats(-179.9, 179.9)), st.integers(1, 5))
def test_the_mean_of_one_place_is_that_place(place: GeoPoint, times: int) -> None:
    """To a few centimetres."""
    tally = tally_of([Member(unit(1), None, place)] * times)
    found = mean_place(tally.x, tally.y, tally.z, tally.located)
    assert found is not None
    assert found.lat == pytest.approx(place.lat, abs=1e-5)
    assert found.lon == pytest.approx(place.lon, abs=1e-4)


def test_places_all_around_have_no_mean() -> None:
    """The poles together are nowhere, and so is nothing."""
    tally = tally_of([Member(unit(1), None, GeoPoint(lat, 0)) for lat in (90, -90)])
    assert mean_place(tally.x, tally.y, tally.z, tally.located) is None
    assert mean_place(0, 0, 0, 0) is None


def rows(count: int, dim: int = 8) -> NDArray[np.float32]:
    return np.stack([unit(seed, dim) for seed in range(count)])


@pytest.mark.parametrize("count", [2, 5, 60])
def test_a_map_is_that_of_the_result(count: int) -> None:
    """The axes of the result JSON, up to their signs, where all are looked at."""
    found, expected = lay_out(rows(count)), project(rows(count))
    distances = [np.linalg.norm(p[:, None] - p[None], axis=2) for p in (found, expected)]
    assert np.allclose(distances[0], distances[1], atol=1e-3)


@pytest.mark.parametrize("vectors", [rows(1), rows(3)[[0, 0, 0]], np.zeros((0, 8), np.float32)])
def test_what_has_no_extent_lies_in_the_middle(vectors: NDArray[np.float32]) -> None:
    """One item, equal ones, none."""
    assert not lay_out(vectors).any()


@pytest.mark.parametrize("count", [1, 2, 40, 600])
def test_the_pairs_most_alike_are_found(count: int) -> None:
    """As by looking at all of them; of two that are each among the other's closest."""
    means = rows(count, 4)
    cosines = means @ means.T
    np.fill_diagonal(cosines, -np.inf)
    near = [set(np.argsort(-row)[:CLOSEST]) for row in cosines]
    pairs = [(i, j) for i in range(count) for j in near[i] if i < j and i in near[j]]
    expected = sorted((cosines[pair] for pair in pairs), reverse=True)[:10]
    assert [cosine for *_, cosine in alike(means, 10)] == pytest.approx(expected, abs=1e-6)
