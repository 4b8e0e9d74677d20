"""The table of cold starts, and what is asked of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from benchmarks.cold import Start
from benchmarks.replay import STARTS
from benchmarks.streams import THIRTY
from benchmarks.targets import Figure

Starts = Mapping[int, Sequence[Start]]
"""Cold starts in all orders, by the number of photos that had arrived."""

START = (
    *("stream", "photos", "B-cubed F", "worst F", "clusters", "of", "largest", "of"),
    *("singles", "of", "giant", "scattered"),
)
START_NOTE = (
    "The result on the first photos alone, mean over all orders. Clusters: of two photos or "
    "more. Largest, singles: share of the photos on the largest cluster and on their own. Of: "
    "the same by the labels. Absurd results, counted over the orders: giant, more than half of "
    "the photos on one cluster though no label has half of them; scattered, all on their own "
    "though at least half of them have as many fellows as confirm a cluster."
)


def start_rows(name: str, starts: Starts) -> Iterator[list[str]]:
    """Rows of one stream."""
    for photos, orders in starts.items():
        yield [
            name,
            f"{photos}",
            f"{_mean(orders, lambda s: s.score):.3f}",
            f"{min(start.score for start in orders):.3f}",
            f"{_mean(orders, lambda s: s.found.clusters):.1f}",
            f"{_mean(orders, lambda s: s.true.clusters):.1f}",
            f"{_mean(orders, lambda s: s.found.largest):.2f}",
            f"{_mean(orders, lambda s: s.true.largest):.2f}",
            f"{_mean(orders, lambda s: s.found.singles):.2f}",
            f"{_mean(orders, lambda s: s.true.singles):.2f}",
            _count(orders, lambda s: s.giant),
            _count(orders, lambda s: s.scattered),
        ]


def start_figures(starts: Mapping[str, Starts]) -> Iterator[Figure]:
    """No start is absurd, least of all that of thirty photos of five places."""
    for photos in STARTS:
        reached = {name: one[photos] for name, one in starts.items() if photos in one}
        yield _never_absurd(f"absurd after {photos} photos, orders of every stream", reached)
    if THIRTY in starts:
        yield _never_absurd("absurd after 30 photos of 5 places", {THIRTY: starts[THIRTY][30]})


def _never_absurd(what: str, starts: Mapping[str, Sequence[Start]]) -> Figure:
    absurd = {name: sum(start.absurd for start in orders) for name, orders in starts.items()}
    count, of = sum(absurd.values()), sum(map(len, starts.values()))
    worst = max(absurd, key=lambda name: absurd[name], default="")
    measured = f"{count} of {of}" + (f"; most in {worst}" if count else "")
    return Figure(what, "none", measured, count == 0)


def _mean(orders: Sequence[Start], read: Callable[[Start], float]) -> float:
    return float(np.mean([read(start) for start in orders]))


def _count(orders: Sequence[Start], flag: Callable[[Start], bool]) -> str:
    count = sum(flag(start) for start in orders)
    return f"**{count} of {len(orders)}**" if count else "-"
