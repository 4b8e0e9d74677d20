"""The engine, untuned, beside other people's methods, each tuned on the labels.

    python -m benchmarks.peers [--encoder builtin|mobilenetv2] [--streams places_pano ...]
                               [--orders 4] [--jobs 2] [-o peers.md] [--plots DIRECTORY]

All get the same vectors. A peer's threshold is the one of its grid with the best B-cubed F on
the labels in the given order; those whose result depends on the order are judged at it in
shuffles too, as the engine is with its default profile. Peers see the embedding alone; for
places the engine also verifies geometry, as it does in the product. Average linkage and
(H)DBSCAN see all photos at once. river's get 32 principal components and at most 2000 points.
Synthetic streams have 3000 points. Takes about five minutes on two cores.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.features import KnownVerdicts
from benchmarks.local import local_for
from benchmarks.measures import average_linkage, bcubed_f, best_cut
from benchmarks.methods import METHODS, Method, Points
from benchmarks.replay import replay
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
from benchmarks.streams import COMBINED, SINGLE, Stream, load_stream
from benchmarks.targets import LEAST_LEVEL, NEVER_BELOW, Figure, peer_figures, targets_table

OURS, LINKAGE = "Cairn", "average linkage"
SYNTHETIC_POINTS = 3000


@dataclass(frozen=True, slots=True)
class Compared:
    """B-cubed F of every method on one stream; absent where it was not run."""

    stream: str
    scores: Mapping[str, float]


def compare(stream: Stream, orders: int, verdicts: KnownVerdicts) -> Compared:
    """Run the engine and every peer on a stream."""
    truth = stream.labels
    arrivals = [stream.order(seed) for seed in range(orders)]
    ours = [bcubed_f(truth, replay(stream, order, verdicts).groups) for order in arrivals]
    scores = {OURS: float(np.mean(ours))}
    for method in METHODS:
        if method.limit is None or len(truth) <= method.limit:
            scores[method.name] = tuned(method, stream, arrivals)
    linked = best_cut(average_linkage(stream.vectors), truth)
    return Compared(stream.name, scores | {LINKAGE: bcubed_f(truth, linked)})


def tuned(method: Method, stream: Stream, arrivals: Sequence[NDArray[np.intp]]) -> float:
    """B-cubed F at the setting that the labels like best, over all orders where they matter."""
    given = judged(method, stream, arrivals[0], method.grid)
    best = max(given, key=lambda setting: given[setting])
    others = arrivals[1:] if method.ordered else ()
    shuffled = [judged(method, stream, order, [best])[best] for order in others]
    return float(np.mean([given[best], *shuffled]))


def judged(
    method: Method, stream: Stream, order: NDArray[np.intp], grid: Sequence[tuple[float, ...]]
) -> dict[tuple[float, ...], float]:
    """B-cubed F of every setting on the samples in one order."""
    truth = stream.labels[order]
    points = Points(stream.vectors[order], len(np.unique(truth)))
    return {setting: bcubed_f(truth, method.cluster(points, *setting)) for setting in grid}


NAMES = (OURS, *(method.name for method in METHODS), LINKAGE)


def score_rows(compared: Sequence[Compared]) -> Iterator[list[str]]:
    """B-cubed F by stream and method, the best of each stream in bold."""
    for one in compared:
        best = max(one.scores.values())
        cells = [f"{one.scores[name]:.3f}" if name in one.scores else "-" for name in NAMES]
        yield [one.stream, *(f"**{cell}**" if cell == f"{best:.3f}" else cell for cell in cells)]


def duel_rows(compared: Sequence[Compared]) -> Iterator[list[str]]:
    """For every peer: on how many streams the engine is at least as good, and by how much."""
    for name in NAMES[1:]:
        gains = [one.scores[OURS] - one.scores[name] for one in compared if name in one.scores]
        if gains:
            level = sum(gain >= 0 for gain in gains)
            yield [name, f"{level} of {len(gains)}", f"{np.mean(gains):+.3f}", f"{min(gains):+.3f}"]


_NOTE = (
    "B-cubed F. Cairn untuned; peers with the setting that the labels like best. "
    "Average linkage, DBSCAN, HDBSCAN and k-means are offline. Not run: -."
)


def report(encoder: str, orders: int, compared: Sequence[Compared]) -> str:
    """All tables, with what their columns mean."""
    duels = ("peer", "Cairn at or above", "mean difference", "least")
    return "\n\n".join(
        (
            f"### Peers, encoder {encoder}",
            f"{_NOTE} {OURS} and peers that depend on the order: mean of {orders}. {machine()}.",
            table(("stream", *NAMES), list(score_rows(compared))),
            table(duels, list(duel_rows(compared))),
            f"### Targets beside peers, encoder {encoder}",
            targets_table(list(figures(compared))),
        )
    )


def figures(compared: Sequence[Compared]) -> Iterator[Figure]:
    """What is asked of the engine beside its peers."""
    gains = {
        name: {one.stream: one.scores[OURS] - one.scores[name] for one in compared}
        for name in (*NEVER_BELOW, *LEAST_LEVEL)
    }
    return peer_figures(gains, (*SINGLE, *COMBINED))


def run(name: str, encoder: str, features: str, orders: int) -> Compared:
    """Compare on one stream."""
    local = local_for(features)
    with verdicts_kept(local) as verdicts:
        stream = load_stream(name, encoder, local.extractor, SYNTHETIC_POINTS)
        return compare(stream, orders, verdicts)


def draw(directory: Path, encoder: str, compared: Sequence[Compared]) -> None:
    """Plot every method."""
    series = {
        name: {one.stream: one.scores[name] for one in compared if name in one.scores}
        for name in NAMES
    }
    plot(directory / f"peers-{encoder}.png", f"peers, encoder {encoder}", series)


def main() -> None:
    """Print the tables."""
    chosen = options(description(__doc__), orders=4).parse_args()
    work = partial(run, encoder=chosen.encoder, features=chosen.features, orders=chosen.orders)
    compared: list[Compared] = []
    for one in over_streams(work, chosen):
        compared.append(one)
        print(" ".join(next(score_rows([one]))), file=sys.stderr, flush=True)
    compared.sort(key=lambda one: chosen.streams.index(one.stream))
    publish(report(chosen.encoder, chosen.orders, compared), chosen.output)
    if chosen.plots is not None:
        draw(chosen.plots, chosen.encoder, compared)


if __name__ == "__main__":
    main()
