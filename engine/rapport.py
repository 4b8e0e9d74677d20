"""What goes along with geometry in this scope: cosines, distances and times of agreement.

Every verification is a labelled example: a pair of such a cosine, so far apart in space and time,
did agree, or did not. Two normal distributions of one width over these (linear discriminant
analysis, Fisher 1936) make each a log-likelihood ratio, whatever the encoder and the material. A
cosine tells which candidates are not worth a verification. Distance and time weigh in beside
geometry: on a site where all photos are taken a few steps and minutes apart they say nothing,
and where views of one place come from one spot they say much. What is unknown costs nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from math import atanh, exp, log, log1p

from engine.evidence import agrees
from engine.verdict import Trial

HALF_KNOWN = 20
"""Examples of either kind at which half of what they say is believed."""

CIRCUMSTANCES = 2.0
"""What distance and time weigh at most, in nats, about one inlier: they tip the scale of geometry
and never replace it, for two sides of one container lie a step apart."""


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
class Contrast:
    """One kind of number in pairs that agreed and in pairs that differed; more is more alike."""

    agreed: Moments = field(default_factory=Moments)
    differed: Moments = field(default_factory=Moments)

    def plus(self, value: float, *, agrees: bool) -> Contrast:
        """With one more example."""
        if agrees:
            return Contrast(self.agreed.plus(value), self.differed)
        return Contrast(self.agreed, self.differed.plus(value))

    def log_likelihood_ratio(self, value: float) -> float:
        """How far it speaks for agreement, in nats; 0 while little is known."""
        known = min(self.agreed.count, self.differed.count)
        if known < 2:
            return 0.0
        examples = self.agreed.count + self.differed.count
        variance = (self.agreed.squares + self.differed.squares) / (examples - 2)
        apart = max(0.0, self.agreed.mean - self.differed.mean)
        from_middle = value - (self.agreed.mean + self.differed.mean) / 2
        return known / (known + HALF_KNOWN) * apart * from_middle / max(variance, 1e-6)

    def log_odds(self) -> float:
        """Of agreement, knowing no more than how often there was any."""
        return log((1 + self.agreed.count) / (1 + self.differed.count))


@dataclass(frozen=True, slots=True)
class Rapport:
    """Similarities as Fisher's z; nearness in space and time as minus the log of the distance."""

    similarity: Contrast = field(default_factory=Contrast)
    space: Contrast = field(default_factory=Contrast)
    time: Contrast = field(default_factory=Contrast)

    def after(self, trials: Iterable[Trial]) -> Rapport:
        """What is known with these verifications too."""
        known = self
        for trial in trials:
            known = known._with(trial, agrees=agrees(trial.verdict))
        return known

    def _with(self, trial: Trial, *, agrees: bool) -> Rapport:
        return Rapport(
            self.similarity.plus(_stretched(trial.similarity), agrees=agrees),
            _plus(self.space, trial.metres, agrees=agrees),
            _plus(self.time, trial.seconds, agrees=agrees),
        )

    def circumstances(self, metres: float | None, seconds: float | None) -> float:
        """How far distance and time speak for one place, in nats; bounded both ways."""
        near = 0.0 if metres is None else self.space.log_likelihood_ratio(_nearness(metres))
        soon = 0.0 if seconds is None else self.time.log_likelihood_ratio(_nearness(seconds))
        return max(-CIRCUMSTANCES, min(CIRCUMSTANCES, near + soon))

    def chance(self, similarity: float) -> float:
        """Probability, 0 to 1, that a verification at this cosine finds agreement."""
        known = self.similarity
        ratio = known.log_likelihood_ratio(_stretched(similarity))
        return 1.0 / (1.0 + exp(-known.log_odds() - ratio))


def _plus(contrast: Contrast, distance: float | None, *, agrees: bool) -> Contrast:
    return contrast if distance is None else contrast.plus(_nearness(distance), agrees=agrees)


def _nearness(distance: float) -> float:
    """Of metres or seconds: a step from 1 to 2 counts as one from 100 to 200."""
    return -log1p(distance)


def _stretched(similarity: float) -> float:
    return atanh(max(-0.999, min(0.999, similarity)))
