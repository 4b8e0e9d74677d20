"""Two kinds of local features side by side: what one does not recognise, the other may.

SIFT bears turned and zoomed views, learned features bear other light and slanted ones.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from engine.evidence import agrees
from engine.ports import Explainer, FeatureExtractor, Points
from engine.types import LocalFeatures, Mask, Rgb
from engine.verdict import Verdict


@dataclass(frozen=True, slots=True)
class JointExtractor:
    """Finds features of both kinds; implements `FeatureExtractor`."""

    first: FeatureExtractor
    second: FeatureExtractor

    @property
    def identity(self) -> str:
        """Those of both."""
        return f"{self.first.identity}+{self.second.identity}"

    def extract(self, image: Rgb, hidden: Mask | None = None) -> LocalFeatures:
        """Features of the first kind, those of the second within them as `more`."""
        found = self.first.extract(image, hidden)
        return replace(found, more=self.second.extract(image, hidden))


@dataclass(frozen=True, slots=True)
class JointVerifier:
    """Asks the second kind of features where the first does not agree; implements `Verifier`."""

    first: Explainer
    second: Explainer

    def verify(self, query: LocalFeatures, exemplar: LocalFeatures) -> Verdict:
        """The verdict that speaks the more for one place.

        The two do not add up: what fools one fools the other, and neither says much against it.
        """
        verdict = self.first.verify(query, exemplar)
        if agrees(verdict) or query.more is None or exemplar.more is None:
            return verdict
        other = self.second.verify(query.more, exemplar.more)
        return max(verdict, other, key=lambda one: one.belief)

    def agreement(self, query: LocalFeatures, exemplar: LocalFeatures) -> Points:
        """The inliers of the kind whose verdict it is, (n, 4) as `EpipolarVerifier` gives them."""
        if query.more is None or exemplar.more is None:
            return self.first.agreement(query, exemplar)
        one, other = (
            verifier.verify(*pair)
            for verifier, pair in (
                (self.first, (query, exemplar)),
                (self.second, (query.more, exemplar.more)),
            )
        )
        if agrees(one) or one.belief >= other.belief:
            return self.first.agreement(query, exemplar)
        return self.second.agreement(query.more, exemplar.more)
