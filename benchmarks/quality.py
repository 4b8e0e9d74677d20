"""How well the engine clusters, untuned, whatever the order of arrival.

    python -m benchmarks.quality [--encoder builtin|mobilenetv2] [--streams places_pano ...]
                                 [--features sift|xfeat|sift+xfeat] [--orders 6] [--jobs 2]
                                 [-o quality.md] [--plots DIRECTORY]

Every stream runs in its given order (capture time, then name) and in shuffles of it, through
the product's clusterer with the default profile of its kind. The same scores are also clustered
at once, offline (`benchmarks/offline.py`): at the engine's own threshold, which tells what
arriving one by one costs, and at the one that the labels like best, for scale. Streams of faces
use YuNet and MobileFaceNet whatever the encoder, synthetic ones none. Ends with what is asked
of the engine (`benchmarks/targets.py`) and whether it is reached.
Needs the shared development data ($CAIRN_SHARED, default ../shared).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.judged import Measured, measure
from benchmarks.local import local_for
from benchmarks.replay import STARTS
from benchmarks.report import (
    description,
    machine,
    options,
    over_streams,
    plot,
    publish,
    table,
    verdicts_kept,
)
from benchmarks.starts import START, START_NOTE, start_figures, start_rows
from benchmarks.streams import load_stream
from benchmarks.targets import (
    LEAST_AGREEMENT,
    MOST_GAP,
    MOST_VERIFICATIONS,
    Figure,
    at_most,
    everywhere,
    f_figures,
    targets_table,
)
from engine.jobs.evaluate import Scores

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
    *("ARI", "AMI", "V", "count error"),
)
GAP = ("stream", "Cairn", "offline, own threshold", "online gap", "offline, best", "to best")
STABILITY = (
    *("stream", "shuffles agree", "ids changed", "taken elsewhere"),
    *("settled at once", "arrivals to settle p50", "p90", "of the others p50", "p90"),
)
COST = ("stream", "verifications", "p50 ms", "p99 ms")

_QUALITY_NOTE = (
    "Means over all orders; worst: the least of them. Samples on no confirmed cluster stand alone."
)
_GAP_NOTE = (
    "B-cubed F of the engine, mean over all orders, beside that of clustering everything at once "
    "on the same scores: average linkage on the cosine; for places, links by the verifier's "
    "verdicts between 20 nearest neighbours. Own threshold: the one that the engine ended with. "
    "Best: the one that the labels like best. Gaps: how far the engine is behind."
)
_STABILITY_NOTE = (
    "Shuffles agree: B-cubed F between any two of them. Ids changed: share of the samples whose "
    "cluster has another id in the end than when they arrived; taken elsewhere: of all, those "
    "whose first id does not even redirect there. Settled at once: share that lay on their final "
    "cluster from their own arrival on, pending ones included. Arrivals to settle: how many "
    "later samples came until that was so for good; of all samples, and of those that did not "
    "settle at once."
)
_COST_NOTE = (
    "Verifications: per sample. Processor time of one decision, verification left out; one "
    "thread each, "
)


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
        ]


def gap_rows(measured: Sequence[Measured]) -> Iterator[list[str]]:
    """Rows of the table of online gaps."""
    for judged in (judged for one in measured for judged in one.judged):
        yield [
            judged.title,
            f"{judged.score:.3f}",
            f"{judged.own:.3f}",
            f"{judged.own - judged.score:+.3f}",
            f"{judged.best:.3f}",
            f"{judged.best - judged.score:+.3f}",
        ]


def stability_rows(measured: Sequence[Measured]) -> Iterator[list[str]]:
    """Rows of the table of stability."""
    for one in measured:
        waited = np.concatenate([each.waited for each in one.replays])
        late = waited[waited > 0]
        yield [
            one.name,
            f"{one.judged[0].agreement:.3f}",
            f"{np.mean([each.renamed.mean() for each in one.replays]):.3f}",
            f"{np.mean([each.moved.mean() for each in one.replays]):.3f}",
            f"{(waited == 0).mean():.3f}",
            *(f"{quantile:.0f}" for quantile in np.quantile(waited, [0.5, 0.9])),
            *(f"{np.quantile(late, q):.0f}" if len(late) else "-" for q in (0.5, 0.9)),
        ]


def cost_rows(measured: Sequence[Measured]) -> Iterator[list[str]]:
    """Rows of the table of cost."""
    for one in measured:
        p50, p99 = 1000 * np.quantile(np.concatenate([r.seconds for r in one.replays]), [0.5, 0.99])
        yield [one.name, f"{_verifications(one):.1f}", f"{p50:.2f}", f"{p99:.2f}"]


def _verifications(one: Measured) -> float:
    return float(np.mean([each.verifications / len(each.groups) for each in one.replays]))


def figures(encoder: str, measured: Sequence[Measured]) -> Iterator[Figure]:
    """Everything asked of the engine that these streams can tell."""
    judged = [judged for one in measured for judged in one.judged]
    yield from f_figures(encoder, {one.title: one.score for one in judged})
    disagreement = {one.name: LEAST_AGREEMENT - one.judged[0].agreement for one in measured}
    yield everywhere("shuffles agree", f"≥ {LEAST_AGREEMENT}, every stream", disagreement)
    excess = {one.title: one.own - one.score - MOST_GAP for one in judged}
    yield everywhere("online gap, own threshold", f"≤ {MOST_GAP}, every stream", excess)
    for one in measured:
        if one.name in MOST_VERIFICATIONS:
            asked = MOST_VERIFICATIONS[one.name]
            yield at_most(f"verifications a photo, {one.name}", asked, _verifications(one))
    yield from start_figures({one.name: one.starts for one in measured})


def report(encoder: str, orders: int, measured: Sequence[Measured]) -> str:
    """All tables, with what their columns mean."""
    return "\n\n".join(
        (
            f"### Quality, encoder {encoder}",
            f"{_QUALITY_NOTE} {orders} orders of arrival: the given one and shuffles.",
            table(QUALITY, list(quality_rows(measured))),
            f"### Online gap, encoder {encoder}",
            _GAP_NOTE,
            table(GAP, list(gap_rows(measured))),
            f"### Stability, encoder {encoder}",
            _STABILITY_NOTE,
            table(STABILITY, list(stability_rows(measured))),
            f"### Cost, encoder {encoder}",
            f"{_COST_NOTE}{machine()}.",
            table(COST, list(cost_rows(measured))),
            f"### Cold start, encoder {encoder}",
            START_NOTE,
            table(START, [row for one in measured for row in start_rows(one.name, one.starts)]),
            f"### Targets of quality, encoder {encoder}",
            targets_table(list(figures(encoder, measured))),
        )
    )


def run(name: str, encoder: str, features: str, orders: int) -> Measured:
    """Measure one stream."""
    local = local_for(features)
    with verdicts_kept(local) as verdicts:
        return measure(load_stream(name, encoder, local.extractor), orders, verdicts)


def draw(directory: Path, encoder: str, measured: Sequence[Measured]) -> None:
    """Plot quality and cold starts."""
    judged = [judged for one in measured for judged in one.judged]
    quality = {
        "Cairn, mean of all orders": {one.title: one.score for one in judged},
        "Cairn, worst order": {one.title: one.worst for one in judged},
        "offline, Cairn's threshold": {one.title: one.own for one in judged},
        "offline, tuned on labels": {one.title: one.best for one in judged},
    }
    plot(directory / f"quality-{encoder}.png", f"quality, encoder {encoder}", quality)
    whole = {"all photos": {one.name: one.judged[0].score for one in measured}}
    starts = {f"after {photos} photos": _start_scores(photos, measured) for photos in STARTS}
    plot(directory / f"cold-start-{encoder}.png", f"cold start, encoder {encoder}", whole | starts)


def _start_scores(photos: int, measured: Sequence[Measured]) -> dict[str, float]:
    return {
        one.name: float(np.mean([start.score for start in one.starts[photos]]))
        for one in measured
        if photos in one.starts
    }


def main() -> None:
    """Print the tables."""
    chosen = options(description(__doc__), orders=6).parse_args()
    work = partial(run, encoder=chosen.encoder, features=chosen.features, orders=chosen.orders)
    measured: list[Measured] = []
    for one in over_streams(work, chosen):
        measured.append(one)
        print(" ".join(next(quality_rows([one]))), file=sys.stderr, flush=True)
    measured.sort(key=lambda one: chosen.streams.index(one.name))
    publish(report(chosen.encoder, chosen.orders, measured), chosen.output)
    if chosen.plots is not None:
        draw(chosen.plots, chosen.encoder, measured)


if __name__ == "__main__":
    main()
