"""What every kind of local features promises: views agree, strangers do not, in any order.

A kind is what finds features, and the verifier that compares them.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cache
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from engine.evidence import agrees, same_place
from engine.ports import Explainer, FeatureExtractor
from engine.types import LocalFeatures
from engine.vision import worths
from engine.vision.geometry import EpipolarVerifier
from engine.vision.joint import JointExtractor, JointVerifier
from engine.vision.matching import CosineMatcher, RatioMatcher
from engine.vision.sift import SiftExtractor
from tests.images import PHOTOS, photo, seen_from_aside
from tests.local_models import needs_xfeat, xfeat


@dataclass(frozen=True, eq=False)
class Kind:
    """One kind of local features, and what compares them."""

    extractor: FeatureExtractor
    verifier: Explainer


@cache
def features(kind: Kind, name: str) -> LocalFeatures:
    return kind.extractor.extract(photo(name))


@cache
def aside(kind: Kind, name: str) -> LocalFeatures:
    return kind.extractor.extract(seen_from_aside(photo(name)))


def sift(_: Path) -> Kind:
    return Kind(SiftExtractor(), EpipolarVerifier(RatioMatcher(), worths.SIFT))


def learned(folder: Path) -> Kind:
    return Kind(xfeat(folder), EpipolarVerifier(CosineMatcher(), worths.XFEAT, best_first=True))


def joint(folder: Path) -> Kind:
    one, other = sift(folder), learned(folder)
    return Kind(
        JointExtractor(one.extractor, other.extractor),
        JointVerifier(one.verifier, other.verifier),
    )


@pytest.fixture(
    params=[
        sift,
        pytest.param(learned, marks=needs_xfeat),
        pytest.param(joint, marks=needs_xfeat),
    ],
    scope="module",
)
def kind(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Kind:
    made: Kind = request.param(tmp_path_factory.mktemp("model"))
    return made


@pytest.mark.parametrize("name", PHOTOS)
def test_two_views_of_one_thing_agree(kind: Kind, name: str) -> None:
    """A step aside leaves plenty of agreement, over much of the picture."""
    verdict = kind.verifier.verify(features(kind, name), aside(kind, name))
    assert agrees(verdict)
    assert verdict.inliers >= 20
    assert 0.2 < verdict.overlap <= 1


@pytest.mark.parametrize(("one", "other"), list(combinations(PHOTOS, 2)))
def test_strangers_do_not_agree(kind: Kind, one: str, other: str) -> None:
    """By far: not even circumstances could make one place of unrelated photos."""
    verdict = kind.verifier.verify(features(kind, one), features(kind, other))
    assert same_place(verdict) < -2


def test_an_image_agrees_with_itself(kind: Kind) -> None:
    """Every location that is distinct is an inlier of the identity."""
    whole = features(kind, "coffee.png")
    verdict = kind.verifier.verify(whole, whole)
    assert verdict.inliers > 100
    assert verdict.overlap > 0.8


def test_the_order_of_a_pair_is_nothing(kind: Kind) -> None:
    """A with B is B with A, to the last inlier."""
    for name in PHOTOS:
        there = kind.verifier.verify(features(kind, name), aside(kind, name))
        assert kind.verifier.verify(aside(kind, name), features(kind, name)) == there


def test_a_verdict_is_the_pairs_alone(kind: Kind) -> None:
    """Neither what ran before nor the thread that asks has a say."""
    pairs = [(features(kind, name), aside(kind, name)) for name in PHOTOS]
    first = [kind.verifier.verify(*pair) for pair in pairs]
    assert [kind.verifier.verify(*pair) for pair in reversed(pairs)] == first[::-1]
    with ThreadPoolExecutor(4) as pool:
        again = list(pool.map(lambda pair: kind.verifier.verify(*pair), pairs * 4))
    assert again == first * 4


@pytest.mark.parametrize("count", [0, 1, 2, 7, 8])
def test_few_points_prove_nothing(kind: Kind, count: int) -> None:
    """Also with too few points for any geometry there is a verdict."""
    full = features(kind, "coffee.png")
    few = replace(full, points=full.points[:count], descriptors=full.descriptors[:count], more=None)
    verdict = kind.verifier.verify(few, full)
    assert 0 <= verdict.inliers <= count
    assert kind.verifier.verify(few, few).inliers <= count


def test_degenerate_points_are_no_crash(kind: Kind) -> None:
    """All points in one place or on one line: a verdict, whatever the solver thinks of it."""
    full = features(kind, "coffee.png")
    for points in (
        np.zeros_like(full.points),
        np.repeat(np.arange(len(full.points), dtype=np.float32)[:, None], 4, axis=1),
    ):
        flat = replace(full, points=points)
        assert kind.verifier.verify(flat, flat).overlap <= 1
        assert kind.verifier.verify(flat, full).overlap <= 1


def test_what_agrees_can_be_shown(kind: Kind) -> None:
    """As many pairs of points as there are inliers, within the pictures, either way round."""
    for name in PHOTOS:
        one, other = features(kind, name), aside(kind, name)
        pairs = kind.verifier.agreement(one, other)
        assert len(pairs) == kind.verifier.verify(one, other).inliers
        assert (pairs >= 0).all()
        assert (pairs <= 1).all()
        back = kind.verifier.agreement(other, one)
        assert back[:, [2, 3, 0, 1]].tolist() == pairs.tolist()
    none = replace(one, points=one.points[:0], descriptors=one.descriptors[:0], more=None)
    assert kind.verifier.agreement(one, none).shape == (0, 4)
