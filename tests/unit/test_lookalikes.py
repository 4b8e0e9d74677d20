"""Drawn places that look alike stay apart, from pixels to verdict.

Places 3 and 4 of a drawn world are houses of one design, 5 and 6 the two sides of a container.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from engine.evidence import agrees
from engine.types import LocalFeatures
from engine.verdict import Verdict
from engine.vision import worths
from engine.vision.geometry import EpipolarVerifier
from engine.vision.matching import RatioMatcher
from engine.vision.sift import SiftExtractor
from producer.drawing.scenes import build
from producer.synthetic import photograph

WORLD = 7
VIEWS = 3


@cache
def views(place: int) -> list[LocalFeatures]:
    """Local features of a few photos of a place, numbered from 1, in different weather."""
    scene = build(WORLD, place - 1)
    shots = enumerate(("morning", "overcast", "noon")[:VIEWS])
    return [
        SiftExtractor().extract(photograph(np.random.default_rng((place, n)), scene, 0, weather))
        for n, weather in shots
    ]


def verdicts(one: list[LocalFeatures], other: list[LocalFeatures]) -> list[Verdict]:
    verify = EpipolarVerifier(RatioMatcher(), worths.SIFT).verify
    return [verify(a, b) for a in one for b in other if a is not b]


@pytest.mark.parametrize("place", [3, 4, 5, 6])
def test_views_of_one_place_agree(place: int) -> None:
    """Whatever the weather."""
    assert all(agrees(verdict) for verdict in verdicts(views(place), views(place)))


@pytest.mark.parametrize("pair", [(3, 4), (5, 6)])
def test_look_alikes_do_not(pair: tuple[int, int]) -> None:
    """Though some of their parts do match: what agrees is little for so many matches."""
    found = verdicts(views(pair[0]), views(pair[1]))
    assert max(verdict.inliers for verdict in found) >= 7
    assert not any(agrees(verdict) for verdict in found)
    assert max(verdict.belief for verdict in found) < 4
