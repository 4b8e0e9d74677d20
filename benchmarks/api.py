"""The API at size: how fast a real server answers over loopback, and how soon events arrive.

    python -m benchmarks.api [--items 100000] [--dim 512] [--url URL] [-o api.md]

The stream of `benchmarks.view` fills a view (--url: postgresql://USER@HOST/NAME, whose view is
made anew; else an SQLite file that is thrown away), `cairn serve` shows it, one client asks.
Lists are walked page by page to the depth that is told; the nearest items are compared with all;
events are timed from before they are written until the client has read them.
"""

from __future__ import annotations

import argparse
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import numpy as np
from numpy.typing import NDArray

from benchmarks.report import description, machine, publish, table
from benchmarks.served import served
from benchmarks.targets import Figure, at_least, at_most, targets_table
from benchmarks.view import SCOPE, Stream, fill
from engine.types import Origin, Outcome
from exporters.view.database import Database
from exporters.view.opening import open_view

ASKED = 300
K = 10
DEEP = 60
"""Pages of a list that are walked."""
LATE = 100
"""Photos that come while somebody listens."""
EVERY_S = 0.05
LONGEST_S = 60.0
QUERIES: dict[str, dict[str, Any]] = {
    "all scopes": {},
    "one scope": {"scope": SCOPE},
    "confirmed of 3 and more": {"scope": SCOPE, "state": "confirmed", "min_size": 3},
    "low quality": {"scope": SCOPE, "quality": "low"},
    "a class": {"scope": SCOPE, "label": "class-7"},
    "a span of time": {"scope": SCOPE, "since": 1.7e9 + 1000, "until": 1.7e9 + 2000},
    "no such name": {"scope": SCOPE, "text": "no such name"},
}
ORDERS = ("changed", "size", "name")
LISTS, SEARCH = "lists of clusters", "items like an item"
HEAD = ("answer", "asked", "median, ms", "p95, ms", "longest, ms", "KB")


class Asking:
    """A client that keeps how long each answer took, by what was asked for."""

    def __init__(self, http: httpx.Client) -> None:
        self._http = http
        self.seconds: dict[str, list[float]] = {}
        self.bytes: dict[str, int] = {}

    def get(self, names: Sequence[str], path: str, **query: Any) -> Any:
        """The JSON of an answer, which counts under all these names."""
        start = time.perf_counter()
        response = self._http.get(f"/api/v1/{path}", params=query)
        took = time.perf_counter() - start
        for what in names:
            self.seconds.setdefault(what, []).append(took)
            self.bytes[what] = len(response.content)
        return response.raise_for_status().json()

    def quantile(self, what: str, share: float) -> float:
        """In milliseconds."""
        return 1000 * float(np.quantile(self.seconds[what], share))

    def rows(self) -> Iterator[list[str]]:
        """What was asked, how often, median, p95, longest in ms, and size of the last answer."""
        for what, seconds in self.seconds.items():
            shown = [self.quantile(what, share) for share in (0.5, 0.95, 1.0)]
            size = f"{self.bytes[what] / 1024:.0f}"
            yield [what, str(len(seconds)), *(f"{value:.1f}" for value in shown), size]


def walk(asking: Asking) -> None:
    """Lists of clusters, filtered and ordered in all ways, page by page."""
    for name, query in QUERIES.items():
        for order in ORDERS:
            cursor = None
            for _ in range(DEEP):
                more = {} if cursor is None else {"cursor": cursor}
                what = (LISTS, f"clusters: {name}")
                cursor = asking.get(what, "clusters", order=order, **query, **more)["cursor"]
                if cursor is None:
                    break


def search(asking: Asking, vectors: NDArray[np.float32]) -> float:
    """Items like an item; the share of the true ten nearest that are found."""
    rng, hits = np.random.default_rng(1), 0
    asking.get(["the first search"], "item/similar", scope=SCOPE, id="photo-0#0", k=K)
    for place in rng.integers(0, len(vectors), ASKED):
        item_id = f"photo-{place}#0"
        found = asking.get([SEARCH], "item/similar", scope=SCOPE, id=item_id, k=K)
        cosines = vectors @ vectors[place]
        cosines[place] = -2
        true = np.argsort(-cosines, kind="stable")[:K]
        hits += len({f"photo-{n}#0" for n in true} & {r["item"]["item_id"] for r in found["rows"]})
    return hits / (K * ASKED)


def look(asking: Asking) -> None:
    """What the other pages ask for."""
    large = asking.get(["clusters, 200"], "clusters", scope=SCOPE, order="size", limit=200)["rows"]
    for row in large[::4]:
        one = {"scope": SCOPE, "id": row["cluster_id"]}
        asking.get(["cluster"], "cluster", **one)
        asking.get(["its members"], "cluster/members", **one)
        asking.get(["its members by time"], "cluster/members", order="captured", **one)
        asking.get(["its lineage"], "cluster/lineage", **one)
        asking.get(["clusters like it"], "cluster/similar", **one)
        item_id = row["exemplars"][0]["item_id"]
        asking.get(["an item explained"], "item", scope=SCOPE, id=item_id)
    for _ in range(20):
        for path in ("scopes", "counts", "newest", "suggestions", "commands", "rejections"):
            asking.get([path], path, **({} if path == "scopes" else {"scope": SCOPE}))
    for _ in range(3):
        asking.get(["map"], "map", scope=SCOPE)


class Listener(threading.Thread):
    """Notes when it was told of each event."""

    def __init__(self, url: str) -> None:
        super().__init__(daemon=True)
        self._url = url
        self.ready = threading.Event()
        self.heard: dict[int, float] = {}

    def run(self) -> None:
        """Until the server ends the stream."""
        events = f"{self._url}/api/v1/events"
        with httpx.stream("GET", events, params={"scope": SCOPE}, timeout=None) as response:  # noqa: S113 # it ends with the server
            for line in response.iter_lines():
                self.ready.set()
                if line.startswith("id: "):
                    self.heard[int(line[4:])] = time.perf_counter()


def follow(view: Database, outcomes: Sequence[tuple[Origin, Outcome]], url: str) -> list[float]:
    """Seconds from before an event is written until a listener has it."""
    listener = Listener(url)
    listener.start()
    listener.ready.wait(LONGEST_S)
    time.sleep(2 * EVERY_S)  # it asks where events stand only after its first line
    written: dict[int, float] = {}
    for told in outcomes:
        known, start = view.last_event(), time.perf_counter()
        view.apply([told])
        written.update(dict.fromkeys(range(known + 1, view.last_event() + 1), start))
        time.sleep(EVERY_S)
    until = time.perf_counter() + LONGEST_S
    while written.keys() - listener.heard.keys() and time.perf_counter() < until:
        time.sleep(EVERY_S)
    return [listener.heard[number] - start for number, start in written.items()]


def measure(url: str, items: int, dim: int, late: int = LATE) -> tuple[list[Figure], str]:
    """Figures asked for, and a table of all answers."""
    stream = Stream(items + late, dim)
    told = stream.told()
    with closing(open_view(url, "benchmark", anew=True)) as view:
        fill(view, islice(told, items))
        view.index()
        view.refresh(SCOPE)
        with served(url) as server, httpx.Client(base_url=server.url, timeout=LONGEST_S) as http:
            asking = Asking(http)
            walk(asking)
            recall = search(asking, stream.vectors[:items])
            look(asking)
            waited = follow(view, list(told), server.url)
            memory = [server.memory_mb(peak=peak) for peak in (False, True)]
    figures = [
        at_most("list of clusters, p95, ms", 150, asking.quantile(LISTS, 0.95)),
        at_most("items like an item, p95, ms", 50, asking.quantile(SEARCH, 0.95)),
        at_least(f"recall@{K}", 0.98, recall),
        at_most("event to listener, p95, s", 1, float(np.quantile(waited, 0.95))),
    ]
    others = f"Event to listener: median {np.median(waited):.2f} s, longest {max(waited):.2f} s."
    held = f"The server holds {memory[0]:.0f} MB, at most {memory[1]:.0f} MB."
    return figures, "\n\n".join([table(HEAD, list(asking.rows())), f"{others} {held}"])


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=description(__doc__))
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--dim", type=int, default=512)
    parser.add_argument("--url", help="of a database whose view may be made anew")
    parser.add_argument("-o", "--output", type=Path, help="write the Markdown here as well")
    chosen = parser.parse_args()
    with TemporaryDirectory() as folder:
        url = chosen.url or f"sqlite:///{Path(folder, 'view.sqlite')}"
        figures, answers = measure(url, chosen.items, chosen.dim)
    text = [machine(), f"{chosen.items} items", targets_table(figures), answers]
    publish("\n\n".join(text), chosen.output)


if __name__ == "__main__":
    main()
