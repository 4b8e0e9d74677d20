"""Where the time goes: processor seconds per stage, for the share table and the metrics."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from engine.ports import Verifier
from engine.types import LocalFeatures, Prepared, Rejection, Verdict


class TimedVerifier:
    """A verifier that counts its calls and their processor seconds."""

    def __init__(self, verifier: Verifier, clock: Callable[[], float]) -> None:
        self._verifier = verifier
        self._clock = clock
        self.calls = 0
        self.seconds = 0.0

    def verify(self, query: LocalFeatures, exemplar: LocalFeatures) -> Verdict:
        """Pass the question on, with a stopwatch."""
        started = self._clock()
        verdict = self._verifier.verify(query, exemplar)
        self.seconds += self._clock() - started
        self.calls += 1
        return verdict


@dataclass(slots=True)
class Shares:
    """Processor seconds per stage over a whole run."""

    stages: Counter[str] = field(default_factory=Counter)
    photos: int = 0

    def add(self, result: Prepared | Rejection) -> None:
        """Take in one photo."""
        self.photos += 1
        if isinstance(result, Prepared):
            for stage, seconds in result.timings.items():
                self.stages[stage] += seconds  # type: ignore[assignment] # a Counter of seconds
