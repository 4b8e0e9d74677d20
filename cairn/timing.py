"""A stopwatch around verification, the one stage that runs within the decision."""

from __future__ import annotations

from collections.abc import Callable

from engine.ports import Verifier
from engine.types import LocalFeatures
from engine.verdict import Verdict


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
