"""Which local features a profile compares places by, and what compares them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cairn.models import open_local_features
from engine.errors import Misconfigured
from engine.ports import Explainer, FeatureExtractor
from engine.vision import worths
from engine.vision.geometry import EpipolarVerifier
from engine.vision.joint import JointExtractor, JointVerifier
from engine.vision.matching import CosineMatcher, RatioMatcher
from engine.vision.sift import SiftExtractor

SIFT = "sift"


@dataclass(frozen=True, slots=True)
class Local:
    """What finds local features, and what compares them."""

    extractor: FeatureExtractor
    verifier: Explainer


def open_local(choice: str, registry: Path) -> Local:
    """What a profile's `features` name; raises Misconfigured.

    `sift`, the name of a model, or two of these joined by `+`, asked in this order.
    """
    match [_local(name, registry) for name in choice.split("+")]:
        case [local]:
            return local
        case [one, other]:
            return Local(
                JointExtractor(one.extractor, other.extractor),
                JointVerifier(one.verifier, other.verifier),
            )
    raise Misconfigured(f"features = {choice!r}: more than two kinds of local features")


def _local(name: str, registry: Path) -> Local:
    if name == SIFT:
        return Local(SiftExtractor(), EpipolarVerifier(RatioMatcher(), worths.SIFT))
    extractor = open_local_features(name, registry)
    return Local(extractor, EpipolarVerifier(CosineMatcher(), worths.XFEAT, best_first=True))
