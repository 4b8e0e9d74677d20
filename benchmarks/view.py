"""The read model at size: how fast it follows, lists and finds, and how well it finds.

    python -m benchmarks.view [--items 100000] [--dim 512] [--databases sqlite postgres]
                              [--postgres URL] [-o view.md]

Made-up outcomes: things with Zipf-like numbers of photos, a cluster each, confirmed at the third
photo; every twentieth thing begins as two clusters that are merged later. They are applied in
batches of 200, then asked for as a page would. PostgreSQL is one started for this, unless an
address is given (its database should be empty). On two cores SQLite takes five minutes.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from benchmarks.report import description, machine, publish, table
from benchmarks.targets import Figure, at_least, at_most, targets_table
from engine.lineage import Assigned, Change, Confirmed, Created, Event, Merged
from engine.types import Box, GeoPoint, ImageRecord, Item, Origin, Outcome
from engine.vectors import settle
from engine.verdict import Evidence
from exporters.view.answers import ClusterFilter, ClusterOrder
from exporters.view.opening import open_view
from exporters.view.port import View

SCOPE = "site"
BATCH = 200
NOISE = 0.7
TWINS = 20
"""Of so many things one begins as two clusters."""
PAGES, SEARCHES = 200, 200


class Stream:
    """Outcomes of photos, one item each; `vectors` is filled as they are made."""

    def __init__(self, items: int, dim: int) -> None:
        self._rng = np.random.default_rng(0)
        self._dim = dim
        self._things = 1 + (items // 6)
        self._directions = self._rng.normal(size=(self._things, dim)).astype(np.float32)
        self._seen: dict[int, int] = {}
        self._lobes: dict[int, int] = {}
        self._seq = 0
        self.vectors: NDArray[np.float32] = np.zeros((items, dim), np.float32)

    def told(self) -> Iterator[tuple[Origin, Outcome]]:
        """One a photo, with its place in a feed."""
        for number in range(len(self.vectors)):
            outcome = self._outcome(number, int(self._things * self._rng.random() ** 2))
            yield Origin("journal", 0, number), outcome

    def _outcome(self, number: int, thing: int) -> Outcome:
        view = self._seen[thing] = self._seen.get(thing, 0) + 1
        noise = self._rng.normal(size=self._dim).astype(np.float32)
        vector = settle(self._directions[thing] + NOISE * noise, self._dim)
        self.vectors[number] = vector
        box = Box(0, 0, 640, 480)
        item = Item(f"photo-{number}#0", vector, box, label=f"class-{thing % 50}")
        image = ImageRecord(
            f"photo-{number}",
            SCOPE,
            Origin("images", 0, number),
            f"{number:064x}",
            640,
            480,
            1.7e9 + number,
            GeoPoint(48 + thing % 7 / 10, 11 + thing % 11 / 10),
            {"filename": f"photo-{number}.jpg"},
        )
        return Outcome(image, (item,), tuple(self._events(thing, view, item.item_id)))

    def _events(self, thing: int, view: int, item_id: str) -> Iterator[Event]:
        for change in self._changes(thing, view, item_id):
            self._seq += 1
            yield Event(SCOPE, self._seq, change)

    def _changes(self, thing: int, view: int, item_id: str) -> Iterator[Change]:
        first, twin = f"{thing:020x}", f"{thing:019x}b"
        twins = thing % TWINS == 0
        if view == 1 or (view == 2 and twins):
            born = first if view == 1 else twin
            self._lobes[thing] = self._lobes.get(-1, 0)
            self._lobes[-1] = self._lobes[thing] + 1
            yield Created(born, item_id)
            yield Assigned(
                born,
                item_id,
                self._lobes[thing],
                founds=True,
                confidence=1.0,
                evidence=Evidence("spawn"),
            )
            return
        owner = twin if twins and view < 5 else first
        if twins and view == 5:
            yield Merged(first, twin)
        evidence = Evidence("assign", 0.8, 0.5)
        yield Assigned(
            owner, item_id, self._lobes[thing], founds=False, confidence=0.95, evidence=evidence
        )
        if view == 3:
            yield Confirmed(owner)


def timed(work: Callable[[], object]) -> float:
    """Seconds."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def p95(seconds: Sequence[float]) -> float:
    """In milliseconds."""
    return 1000 * float(np.quantile(seconds, 0.95))


def fill(view: View, told: Iterator[tuple[Origin, Outcome]]) -> list[float]:
    """Apply everything; seconds of each batch."""
    batches: list[float] = []
    while batch := list(islice(told, BATCH)):
        batches.append(timed(partial(view.apply, batch)))
    return batches


FILTERS = (
    ClusterFilter(scope=SCOPE),
    ClusterFilter(),
    ClusterFilter(scope=SCOPE, state="confirmed", min_size=3),
    ClusterFilter(scope=SCOPE, quality="low"),
    ClusterFilter(scope=SCOPE, label="class-7"),
    ClusterFilter(scope=SCOPE, since=1.7e9 + 1000, until=1.7e9 + 2000),
    ClusterFilter(scope=SCOPE, text="no such name"),
)
ORDERS: tuple[ClusterOrder, ...] = ("changed", "size", "name")


def pages(view: View) -> list[float]:
    """Seconds of first and second pages of lists, filtered and sorted in all ways."""
    seconds: list[float] = []
    while len(seconds) < PAGES:
        for chosen in FILTERS:
            for order in ORDERS:
                start = time.perf_counter()
                found = view.clusters(chosen, order)
                seconds.append(time.perf_counter() - start)
                if found.cursor:
                    again = found.cursor
                    seconds.append(
                        timed(lambda c=chosen, o=order, a=again: view.clusters(c, o, 50, a))
                    )
    return seconds


def searches(view: View, vectors: NDArray[np.float32]) -> tuple[list[float], float]:
    """Seconds of each, and the share of the true ten nearest that are found."""
    rng = np.random.default_rng(1)
    seconds, hits = [], 0
    for place in rng.integers(0, len(vectors), SEARCHES):
        query = settle(
            vectors[place] + 0.3 * rng.normal(size=vectors.shape[1]) / 22, vectors.shape[1]
        )
        start = time.perf_counter()
        found = view.nearest(SCOPE, query, 10)
        seconds.append(time.perf_counter() - start)
        true = np.argsort(-(vectors @ query), kind="stable")[:10]
        hits += len({f"photo-{n}#0" for n in true} & {item.item_id for item, _ in found})
    return seconds, hits / (10 * SEARCHES)


def measure(url: str, items: int, dim: int, name: str) -> tuple[list[Figure], list[str]]:
    """Figures of one database, and a row of others."""
    stream = Stream(items, dim)
    view = open_view(url, "benchmark", anew=True)
    batches = fill(view, stream.told())
    indexing = timed(view.index)
    view.close()
    again = open_view(url, "benchmark")
    first_search = timed(lambda: again.nearest(SCOPE, stream.vectors[0]))
    listing = pages(again)
    finding, recall = searches(again, stream.vectors)
    alike = [timed(lambda c=c: again.similar(SCOPE, c.cluster_id)) for c in _some(again)]
    one = [timed(lambda c=c: again.members(SCOPE, c.cluster_id)) for c in _some(again)]
    refreshing = timed(lambda: again.refresh(SCOPE))
    map_points = timed(lambda: again.points(SCOPE))
    doubts = timed(lambda: again.suggestions(SCOPE))
    again.close()
    figures = [
        at_least(f"{name}: outcomes applied a second", 1000, items / sum(batches)),
        at_most(f"{name}: list of clusters, p95, ms", 150, p95(listing)),
        at_most(f"{name}: nearest items, p95, ms", 50, p95(finding)),
        at_least(f"{name}: recall@10", 0.98, recall),
    ]
    others = (p95(batches), 1000 * first_search, p95(alike), p95(one))
    rest = (1000 * indexing, 1000 * refreshing, 1000 * map_points, 1000 * doubts)
    return figures, [name, *(f"{value:.0f}" for value in (*others, *rest))]


def _some(view: View) -> Sequence[object]:
    return view.clusters(ClusterFilter(scope=SCOPE), "size", 50).rows


@contextmanager
def databases(chosen: argparse.Namespace) -> Iterator[dict[str, str]]:
    """Addresses by name."""
    with ExitStack() as stack:
        folder = stack.enter_context(TemporaryDirectory())
        found = {"sqlite": f"sqlite:///{Path(folder, 'view.sqlite')}"}
        if chosen.postgres is not None:
            found["postgres"] = chosen.postgres
        elif "postgres" in chosen.databases:
            from tests.view.server import started  # noqa: PLC0415 # only where it is asked for

            found["postgres"] = stack.enter_context(started(Path(folder, "server")))
        yield {name: found[name] for name in chosen.databases}


HEAD = (
    *("database", "batch of 200 p95, ms", "first search, ms", "similar p95, ms"),
    *("members p95, ms", "index, ms", "refresh, ms", "map, ms", "suggestions, ms"),
)


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=description(__doc__))
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--dim", type=int, default=512)
    kinds = ("sqlite", "postgres")
    parser.add_argument("--databases", nargs="+", choices=kinds, default=kinds)
    parser.add_argument("--postgres", help="address of a server to use")
    parser.add_argument("-o", "--output", type=Path, help="write the Markdown here as well")
    chosen = parser.parse_args()
    figures: list[Figure] = []
    rows: list[list[str]] = []
    with databases(chosen) as urls:
        for name, url in urls.items():
            found, row = measure(url, chosen.items, chosen.dim, name)
            figures += found
            rows.append(row)
    publish("\n\n".join([machine(), targets_table(figures), table(HEAD, rows)]), chosen.output)


if __name__ == "__main__":
    main()
