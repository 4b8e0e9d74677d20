"""Two kinds of local features: the second is asked where the first does not agree."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest

from engine.types import LocalFeatures, Mask, Rgb
from engine.verdict import Verdict
from engine.vision.joint import JointExtractor, JointVerifier
from tests.builders import agreeing, features_of
from tests.fakes import SamePlaceVerifier

PAIR = (
    replace(features_of(1), more=features_of(5)),
    replace(features_of(2), more=features_of(5)),
)
"""Two places to the first kind, one place to the second."""


@dataclass
class Told:
    """Finds the place it is told; makes `FeatureExtractor`."""

    identity: str
    place: int

    def extract(self, image: Rgb, hidden: Mask | None = None) -> LocalFeatures:
        return features_of(self.place, view=0 if hidden is None else 1)


def test_both_kinds_are_found_and_named() -> None:
    """Each sees image and mask."""
    extractor = JointExtractor(Told("one", 1), Told("other", 2))
    image, hidden = np.zeros((2, 2, 3), np.uint8), np.ones((2, 2), np.bool_)
    found = extractor.extract(image, hidden)
    assert extractor.identity == "one+other"
    assert found.more is not None
    assert (found.width, found.more.width) == (1, 2)
    assert found.points[0, 0] == found.more.points[0, 0] == 1


def test_what_the_first_does_not_recognise_the_second_may() -> None:
    """The verdict is that of the kind that agrees."""
    verdict = JointVerifier(SamePlaceVerifier(), SamePlaceVerifier(40)).verify(*PAIR)
    assert verdict == agreeing(40)


def test_agreement_spares_the_second_look() -> None:
    """It would cost and change nothing."""
    second = SamePlaceVerifier()
    one = features_of(1)
    verdict = JointVerifier(SamePlaceVerifier(30), second).verify(
        replace(one, more=PAIR[0].more), replace(one, more=PAIR[1].more)
    )
    assert verdict == agreeing(30)
    assert second.calls == 0


@pytest.mark.parametrize("both", [True, False])
def test_where_neither_agrees_the_better_verdict_stands(both: bool) -> None:
    """Also where an image has one kind alone."""
    one = replace(features_of(1), more=features_of(3))
    other = replace(features_of(2), more=features_of(4) if both else None)
    verdict = JointVerifier(SamePlaceVerifier(), SamePlaceVerifier()).verify(one, other)
    assert verdict == agreeing(0)
    assert isinstance(verdict, Verdict)
