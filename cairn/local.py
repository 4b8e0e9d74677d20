"""Which local features a profile compares places by, and what compares them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cairn.models import entries, open_local_features
from engine.errors import Misconfigured
from engine.ports import FeatureExtractor, Verifier
from engine.vision import worths
from engine.vision.geometry import EpipolarVerifier
from engine.vision.joint import JointExtractor, JointVerifier
from engine.vision.matching import CosineMatcher, RatioMatcher
from engine.vision.sift import SiftExtractor
from engine.vision.xfeat import LocalFeaturesCard

SIFT = "sift"
AUTO = "auto"


@dataclass(frozen=True, slots=True)
class Local:
    """What finds local features, and what compares them."""

    extractor: FeatureExtractor
    verifier: Verifier


def open_local(choice: str, registry: Path) -> Local:
    """What a profile's `features` name; raises Misconfigured.

    `sift`, the name of a model, or two of these joined by `+`; `auto`: SIFT, and the model of
    local features beside it where the registry holds one.
    """
    names = _chosen(registry) if choice == AUTO else choice.split("+")
    match [_local(name, registry) for name in names]:
        case [local]:
            return local
        case [one, other]:
            return Local(
                JointExtractor(one.extractor, other.extractor),
                JointVerifier(one.verifier, other.verifier),
            )
    raise Misconfigured(f"features = {choice!r}: more than two kinds of local features")


def _chosen(registry: Path) -> list[str]:
    cards = ((entry.name, entry.card) for entry in entries(registry))
    models = [name for name, card in cards if isinstance(card, LocalFeaturesCard)]
    if len(models) > 1:
        raise Misconfigured(
            f"features = 'auto': {registry} holds several models of local features "
            f"({', '.join(models)}); name one, such as features = 'sift+{models[0]}'"
        )
    return [SIFT, *models]


def _local(name: str, registry: Path) -> Local:
    if name == SIFT:
        return Local(SiftExtractor(), EpipolarVerifier(RatioMatcher(), worths.SIFT))
    extractor = open_local_features(name, registry)
    return Local(extractor, EpipolarVerifier(CosineMatcher(), worths.XFEAT))
