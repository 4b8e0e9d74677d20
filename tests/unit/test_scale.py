"""The benchmark of growth on scopes small enough for a test."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import scale
from benchmarks.crowd import FACES, PLACES, Crowd, Oracle, features_of
from benchmarks.growth import Measured, grow, measure, nearest, replace_some, world_of
from engine.vectors import settle

DIM = 200


def cosine(crowd: Crowd, one: tuple[int, int], other: tuple[int, int]) -> float:
    return float(crowd.vector(*one) @ crowd.vector(*other))


def test_a_crowd_repeats_itself_and_photos_of_one_thing_are_alike() -> None:
    """The same photo again bit for bit, another of the same thing near, one of another far."""
    crowd = Crowd(FACES, DIM)
    photo = crowd.photo(7, 1).items[0].vector
    assert np.array_equal(photo, Crowd(FACES, DIM).vector(7, 1))
    assert np.array_equal(photo, settle(photo, DIM))
    pairs = range(20)
    alike = [cosine(crowd, (n, 1), (n, 2)) for n in pairs]
    apart = [cosine(crowd, (n, 1), (n + 1, 1)) for n in pairs]
    assert min(alike) > max(apart)


def test_the_oracle_knows_what_every_photo_shows() -> None:
    """Features come from the name alone; verdicts agree with them."""
    oracle, photo = Oracle(), Crowd(PLACES, DIM).photo(12, 3).items[0]
    kept = oracle.features("crowd", photo.item_id)
    assert oracle.verify(features_of(12), kept).inliers > 0
    assert oracle.verify(features_of(1), kept).inliers == 0
    assert oracle.calls == 2


@pytest.mark.parametrize("profile", scale.DEFAULT_PROFILES)
def test_a_scope_grows_to_its_size_and_all_of_it_is_measured(profile: str) -> None:
    """Every figure of a row comes out, whichever rule decides."""
    measured = measure(world_of(profile, DIM), 40, empty=0)
    assert measured.prototypes >= 40 >= measured.clusters / 2
    assert len(measured.seconds) == 10
    assert measured.recall == (1.0, 1.0)
    assert measured.sums > 0
    assert len(scale.speed_row(measured)) == len(scale.SPEED)
    assert len(scale.search_row(measured)) == len(scale.SEARCH)


def test_brute_force_agrees_with_a_search_that_is_exact() -> None:
    """Where the index still is a matrix both name the same prototypes."""
    world = world_of("place", DIM)
    grow(world, 60)
    query = world.crowd.vector(3, 99)
    [truth] = nearest(query[None], world.scope, 5)
    assert set(truth) == {label for label, _ in world.scope.index.search(query, 5)}


def test_replacing_labels_leaves_the_index_as_it_was() -> None:
    """What is taken out comes back under the same label with the same vector."""
    world = world_of("place", DIM)
    grow(world, 60)
    query = world.crowd.vector(3, 99)
    before = world.scope.index.search(query, 60)
    assert len(replace_some(world, 20)) == 20
    assert world.scope.index.search(query, 60) == before


def test_only_sizes_that_were_measured_are_judged() -> None:
    """Figures about sizes that were not run do not appear; a pause always does."""
    one: Measured = measure(world_of("place", DIM), 40, empty=0)
    assert [figure.what for figure in scale.figures({40: one})] == ["longest pause, ms"]
    both = {scale.SMALL: one, scale.LARGE: one}
    assert len(list(scale.figures(both))) == 5
    assert "| longest pause, ms |" in scale.report("place", both)
