"""How embedding and geometry get along in this scope: what a cosine says of agreement.

Every verification is a labelled example: a pair of such a cosine did agree, or did not. Two
normal distributions of one width over these (linear discriminant analysis, Fisher 1936) make a
cosine a log-likelihood ratio, whatever the encoder and the material, and tell which candidates
are not worth a verification.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from math import atanh, exp, log

from engine.evidence import agrees
from engine.types import Trial

HALF_KNOWN = 20
"""Examples of either kind at which half of what they say is believed."""


@dataclass(frozen=True, slots=True)
class Moments:
    """Count, mean and sum of squared deviations of numbers, one by one (Welford 1962)."""

    count: int = 0
    mean: float = 0.0
    squares: float = 0.0

    def plus(self, value: float) -> Moments:
        """The moments with one more number."""
        count = self.count + 1
        mean = self.mean + (value - self.mean) / count
        return Moments(count, mean, self.squares + (value - self.mean) * (value - mean))


@dataclass(frozen=True, slots=True)
class Rapport:
    """Similarities, as Fisher's z, of the pairs that agreed and of those that differed."""

    agreed: Moments = field(default_factory=Moments)
    differed: Moments = field(default_factory=Moments)

    def after(self, trials: Iterable[Trial]) -> Rapport:
        """What is known with these verifications too."""
        agreed, differed = self.agreed, self.differed
        for trial in trials:
            seen = _stretched(trial.similarity)
            if agrees(trial.verdict):
                agreed = agreed.plus(seen)
            else:
                differed = differed.plus(seen)
        return Rapport(agreed, differed)

    def log_likelihood_ratio(self, similarity: float) -> float:
        """How far a cosine speaks for agreement, in nats; 0 while little is known."""
        known = min(self.agreed.count, self.differed.count)
        if known < 2:
            return 0.0
        examples = self.agreed.count + self.differed.count
        variance = (self.agreed.squares + self.differed.squares) / (examples - 2)
        apart = max(0.0, self.agreed.mean - self.differed.mean)
        from_middle = _stretched(similarity) - (self.agreed.mean + self.differed.mean) / 2
        return known / (known + HALF_KNOWN) * apart * from_middle / max(variance, 1e-6)

    def chance(self, similarity: float) -> float:
        """Probability, 0 to 1, that a verification at this cosine finds agreement."""
        odds = log((1 + self.agreed.count) / (1 + self.differed.count))
        return 1.0 / (1.0 + exp(-odds - self.log_likelihood_ratio(similarity)))


def _stretched(similarity: float) -> float:
    return atanh(max(-0.999, min(0.999, similarity)))
