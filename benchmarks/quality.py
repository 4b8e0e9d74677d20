"""How well the engine clusters, untuned, whatever the order of arrival.

    python -m benchmarks.quality [--encoder builtin|mobilenetv2] [--streams places_pano ...]
                                 [--orders 6] [-o quality.md] [--plot quality.png]

Every stream runs in its given order (capture time, then name) and in shuffles of it, through
the product's clusterer with the default profile of its kind. `offline` is average linkage on
the same cosine, cut where the labels like it best: for scale, as no online method may look at
labels. Streams of faces use YuNet and MobileFaceNet whatever the encoder, synthetic ones none.
Needs the shared development data ($CAIRN_SHARED, default ../shared).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.features import KnownVerdicts
from benchmarks.measures import Groups, agreement, average_linkage, bcubed_f
from benchmarks.replay import Replay, replay
from benchmarks.report import machine, options, plot, publish, table, verdicts_kept
from benchmarks.streams import Stream, load_stream
from engine.jobs.evaluate import Scores, evaluate


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """A stream, or a part of it, after all orders: scores and groups per order."""

    title: str
    scores: list[Scores]
    groups: list[Groups]
    offline: float

    def mean(self, measure: Callable[[Scores], float]) -> float:
        """A measure, averaged over the orders."""
        return float(np.mean([measure(score) for score in self.scores]))

    @property
    def worst(self) -> float:
        """The least B-cubed F of all orders."""
        return min(score.bcubed.f1 for score in self.scores)


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """A stream, run in all orders: the whole and its parts judged, and what it took."""

    stream: Stream
    judged: list[Judged]
    replays: list[Replay]


def measure(stream: Stream, orders: int, verdicts: KnownVerdicts) -> Measured:
    """Run a stream in its given order and in `orders - 1` shuffles, and judge it."""
    replays = [replay(stream, stream.order(seed), verdicts) for seed in range(orders)]
    offline, _ = average_linkage(stream.vectors, stream.labels)
    everything = np.ones(len(stream.samples), np.bool_)
    parts = {stream.name: everything}
    parts |= {f"{stream.name}: {title}": mask for title, mask in stream.parts.items()}
    judged = [judge(title, mask, stream.labels, replays, offline) for title, mask in parts.items()]
    return Measured(stream, judged, replays)


def judge(
    title: str,
    mask: NDArray[np.bool_],
    labels: Groups,
    replays: Sequence[Replay],
    offline: Groups,
) -> Judged:
    """Judge the masked samples alone."""
    groups = [one.groups[mask] for one in replays]
    names = [str(label) for label in labels[mask]]
    scores = [evaluate(names, found.tolist()) for found in groups]
    return Judged(title, scores, groups, bcubed_f(labels[mask], offline[mask]))


def quality_rows(measured: Sequence[Measured]) -> Iterator[list[str]]:
    """Rows of the table of quality."""
    for judged in (judged for one in measured for judged in one.judged):
        yield [
            judged.title,
            f"{judged.scores[0].photos} / {judged.scores[0].true_clusters}",
            *(f"{judged.mean(read):.3f}" for read in _BCUBED),
            f"{judged.worst:.3f}",
            *(f"{judged.mean(read):.3f}" for read in _OTHERS),
            f"{judged.mean(lambda s: s.cluster_count_error):+.1f}",
            f"{judged.offline:.3f}",
        ]


_BCUBED: tuple[Callable[[Scores], float], ...] = (
    lambda s: s.bcubed.precision,
    lambda s: s.bcubed.recall,
    lambda s: s.bcubed.f1,
)
_OTHERS: tuple[Callable[[Scores], float], ...] = (
    lambda s: s.pairwise.f1,
    lambda s: s.ari,
    lambda s: s.ami,
    lambda s: s.v_measure,
)
QUALITY = (
    *("stream", "samples / clusters", "P", "R", "B-cubed F", "worst F", "pairwise F"),
    *("ARI", "AMI", "V", "count error", "offline F"),
)
COST = (
    *("stream", "shuffles agree", "ids changed", "taken elsewhere"),
    *("verifications", "p50 ms", "p99 ms"),
)

_QUALITY_NOTE = (
    "Means over all orders; worst: the least of them. Samples on no confirmed cluster stand "
    "alone. Offline: average linkage at the best cut by the labels."
)
_COST_NOTE = (
    "Shuffles agree: B-cubed F between any two of them. Ids changed: share of the samples whose "
    "cluster has another id in the end than when they arrived; taken elsewhere: of all, those "
    "whose first id does not even redirect there. Verifications: per sample. Processor time of "
    "one decision, verification left out;"
)


def cost_rows(measured: Sequence[Measured]) -> Iterator[list[str]]:
    """Rows of the table of stability and cost."""
    for one in measured:
        seconds = np.concatenate([each.seconds for each in one.replays])
        count = len(one.stream.samples)
        p50, p99 = 1000 * np.quantile(seconds, [0.5, 0.99])
        yield [
            one.stream.name,
            f"{agreement(one.judged[0].groups[1:]):.3f}",
            f"{np.mean([each.renamed.mean() for each in one.replays]):.3f}",
            f"{np.mean([each.moved.mean() for each in one.replays]):.3f}",
            f"{np.mean([each.verifications / count for each in one.replays]):.1f}",
            f"{p50:.2f}",
            f"{p99:.2f}",
        ]


def report(encoder: str, orders: int, measured: Sequence[Measured]) -> str:
    """Both tables, with what their columns mean."""
    return "\n\n".join(
        (
            f"### Quality, encoder {encoder}",
            f"{_QUALITY_NOTE} {orders} orders of arrival: the given one and shuffles.",
            table(QUALITY, list(quality_rows(measured))),
            f"### Stability and cost, encoder {encoder}",
            f"{_COST_NOTE} {machine()}.",
            table(COST, list(cost_rows(measured))),
        )
    )


def main() -> None:
    """Print the tables."""
    chosen = options(__doc__.partition("\n")[0] if __doc__ else "", orders=6).parse_args()
    measured: list[Measured] = []
    with verdicts_kept() as verdicts:
        for name in chosen.streams:
            measured.append(measure(load_stream(name, chosen.encoder), chosen.orders, verdicts))
            verdicts.save()
            print(" ".join(next(quality_rows(measured[-1:]))), file=sys.stderr, flush=True)
    publish(report(chosen.encoder, chosen.orders, measured), chosen.output)
    if chosen.plot is not None:
        judged = [judged for one in measured for judged in one.judged]
        series = {
            "Cairn, mean of all orders": {j.title: j.mean(lambda s: s.bcubed.f1) for j in judged},
            "Cairn, worst order": {j.title: j.worst for j in judged},
            "offline, tuned on labels": {j.title: j.offline for j in judged},
        }
        plot(chosen.plot, f"encoder {chosen.encoder}", series)


if __name__ == "__main__":
    main()
