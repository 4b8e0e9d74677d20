"""What every verifier promises: views agree, strangers do not, the verdict is the pair's alone."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import combinations

import numpy as np
import pytest

from engine.ports import Verifier
from engine.types import LocalFeatures
from engine.vision.geometry import EpipolarVerifier
from engine.vision.sift import SiftExtractor
from tests.images import PHOTOS, photo, seen_from_aside

MAKERS: dict[str, Callable[[], Verifier]] = {"epipolar": EpipolarVerifier}


@pytest.fixture(params=MAKERS)
def verifier(request: pytest.FixtureRequest) -> Verifier:
    return MAKERS[request.param]()


@cache
def features(name: str) -> LocalFeatures:
    return SiftExtractor().extract(photo(name))


@cache
def aside(name: str) -> LocalFeatures:
    return SiftExtractor().extract(seen_from_aside(photo(name)))


@pytest.mark.parametrize("name", PHOTOS)
def test_two_views_of_one_thing_agree(verifier: Verifier, name: str) -> None:
    """A step aside leaves plenty of agreement, over much of the picture."""
    verdict = verifier.verify(features(name), aside(name))
    assert verdict.inliers >= 20
    assert 0.2 < verdict.overlap <= 1


@pytest.mark.parametrize(("one", "other"), list(combinations(PHOTOS, 2)))
def test_strangers_do_not_agree(verifier: Verifier, one: str, other: str) -> None:
    """Unrelated photos stay below any threshold in use."""
    assert verifier.verify(features(one), features(other)).inliers < 10


def test_an_image_agrees_with_itself(verifier: Verifier) -> None:
    """Every location that is distinct is an inlier of the identity."""
    verdict = verifier.verify(features("coffee.png"), features("coffee.png"))
    assert verdict.inliers > 100
    assert verdict.overlap > 0.8


def test_the_order_of_a_pair_is_nothing(verifier: Verifier) -> None:
    """A with B is B with A, to the last inlier."""
    for name in PHOTOS:
        there = verifier.verify(features(name), aside(name))
        assert verifier.verify(aside(name), features(name)) == there


def test_a_verdict_is_the_pairs_alone(verifier: Verifier) -> None:
    """Neither what ran before nor the thread that asks has a say."""
    pairs = [(features(name), aside(name)) for name in PHOTOS]
    first = [verifier.verify(*pair) for pair in pairs]
    assert [verifier.verify(*pair) for pair in reversed(pairs)] == first[::-1]
    with ThreadPoolExecutor(4) as pool:
        again = list(pool.map(lambda pair: verifier.verify(*pair), pairs * 4))
    assert again == first * 4


@pytest.mark.parametrize("count", [0, 1, 2, 7, 8])
def test_few_points_prove_nothing(verifier: Verifier, count: int) -> None:
    """Also with too few points for any geometry there is a verdict."""
    full = features("coffee.png")
    few = LocalFeatures(full.points[:count], full.descriptors[:count], full.width, full.height)
    verdict = verifier.verify(few, full)
    assert 0 <= verdict.inliers <= count
    assert verifier.verify(few, few).inliers <= count


def test_degenerate_points_are_no_crash(verifier: Verifier) -> None:
    """All points in one place or on one line: a verdict, whatever the solver thinks of it."""
    full = features("coffee.png")
    for points in (
        np.zeros_like(full.points),
        np.repeat(np.arange(len(full.points), dtype=np.float32)[:, None], 4, axis=1),
    ):
        flat = LocalFeatures(points, full.descriptors, full.width, full.height)
        assert verifier.verify(flat, flat).overlap <= 1
        assert verifier.verify(flat, full).overlap <= 1
