"""One stream through the engine in several orders, judged from every side."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.cold import Start, start
from benchmarks.features import KnownVerdicts
from benchmarks.measures import Groups, agreement, bcubed_f
from benchmarks.offline import Offline, offline
from benchmarks.replay import Replay, replay
from benchmarks.streams import Stream
from engine.jobs.evaluate import Scores, evaluate


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """A stream, or a part of it, after all orders: scores per order.

    agreement: B-cubed F between any two shuffles.
    own, best: B-cubed F of clustering at once, at the engine's own threshold and at the one
    that the labels like best.
    """

    title: str
    scores: list[Scores]
    agreement: float
    own: float
    best: float

    def mean(self, measure: Callable[[Scores], float]) -> float:
        """A measure, averaged over the orders."""
        return float(np.mean([measure(score) for score in self.scores]))

    @property
    def score(self) -> float:
        """B-cubed F, averaged over the orders."""
        return self.mean(lambda score: score.bcubed.f1)

    @property
    def worst(self) -> float:
        """The least B-cubed F of all orders."""
        return min(score.bcubed.f1 for score in self.scores)


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """A stream, run in all orders: the whole and its parts judged, and what it took.

    starts: cold starts in all orders, by the number of photos that had arrived.
    """

    name: str
    judged: list[Judged]
    replays: list[Replay]
    starts: dict[int, list[Start]]


def measure(stream: Stream, orders: int, verdicts: KnownVerdicts) -> Measured:
    """Run a stream in its given order and in `orders - 1` shuffles, and judge it."""
    replays = [replay(stream, stream.order(seed), verdicts) for seed in range(orders)]
    at_once = offline(stream, [one.threshold for one in replays], verdicts)
    everything = np.ones(len(stream.samples), np.bool_)
    parts = {stream.name: everything}
    parts |= {f"{stream.name}: {title}": mask for title, mask in stream.parts.items()}
    judged = [judge(title, mask, stream.labels, replays, at_once) for title, mask in parts.items()]
    return Measured(stream.name, judged, replays, _starts(stream, replays))


def judge(
    title: str,
    mask: NDArray[np.bool_],
    labels: Groups,
    replays: Sequence[Replay],
    at_once: Offline,
) -> Judged:
    """Judge the masked samples alone."""
    groups = [one.groups[mask] for one in replays]
    truth = labels[mask]
    names = [str(label) for label in truth]
    return Judged(
        title,
        scores=[evaluate(names, found.tolist()) for found in groups],
        agreement=agreement(groups[1:]),
        own=float(np.mean([bcubed_f(truth, found[mask]) for found in at_once.own])),
        best=bcubed_f(truth, at_once.best[mask]),
    )


def _starts(stream: Stream, replays: Sequence[Replay]) -> dict[int, list[Start]]:
    return {photos: list(_begun(stream, photos, replays)) for photos in sorted(replays[0].starts)}


def _begun(stream: Stream, photos: int, replays: Sequence[Replay]) -> Iterator[Start]:
    for one in replays:
        arrived, groups = one.starts[photos]
        yield start(stream.labels[arrived], groups, stream.profile.min_size)
