"""The page at size, in a real browser: first paint, content, and how soon an event is on screen.

    python -m benchmarks.page [--items 100000] [--dim 512] [-o page.md]

The stream of `benchmarks.view` fills an SQLite view, `cairn serve` shows it, a Chromium without
window opens each page several times with nothing in its cache. First paint is what the browser
itself reports (Paint Timing, first-contentful-paint); content is there once no part of the page
says that it is busy. An event counts from before it is written until the photo can be seen.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlencode

import numpy as np
from playwright.sync_api import Browser

from benchmarks.report import description, machine, publish, table
from benchmarks.served import served
from benchmarks.targets import Figure, at_most, targets_table
from benchmarks.view import SCOPE, Stream, fill
from engine.types import Origin, Outcome
from exporters.view.answers import ClusterFilter
from exporters.view.database import Database
from exporters.view.opening import open_view
from tests.browser.kit import browsing

TIMES = 7
LATE = 40
EVERY_S = 0.6
LONGEST_MS = 60_000
PAINTED = "() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
BUSY = "main :is([aria-busy], .loading)"
FILLED = f"""() => document.readyState === "complete"
  && ![...document.querySelectorAll("{BUSY}")].some((part) => part.checkVisibility())"""
LIVE = "() => document.querySelector('#live').textContent === 'live'"
SEEN = "id => document.querySelector('main').textContent.includes(id)"
HEAD = ("page", "first paint: median, ms", "longest", "content: median, ms", "longest")


def paths(view: Database) -> Iterator[tuple[str, str]]:
    """Name and address of each page, in a scope with everything in it."""
    row = view.clusters(ClusterFilter(scope=SCOPE), "size", 1).rows[0]
    scope = urlencode({"scope": SCOPE})
    yield "overview", f"/?{scope}"
    yield "clusters", f"/clusters?{scope}"
    yield "cluster", f"/cluster?{urlencode({'scope': SCOPE, 'id': row.cluster_id})}"
    item_id = row.exemplars[0].item_id
    yield "photo", f"/photo?{urlencode({'scope': SCOPE, 'id': item_id})}"
    yield "review", f"/review?{scope}"
    yield "search", f"/search?{scope}"


def open_page(browser: Browser, address: str) -> tuple[float, float]:
    """Milliseconds to the first paint and to the content, of a browser that knows nothing yet."""
    context = browser.new_context(viewport={"width": 1280, "height": 860})
    context.set_default_timeout(LONGEST_MS)
    try:
        page = context.new_page()
        page.goto(address, wait_until="commit")
        page.wait_for_function(FILLED)
        filled = page.evaluate("performance.now()")
        page.wait_for_function(PAINTED)
        return page.evaluate(PAINTED), filled
    finally:
        context.close()


def follow(
    browser: Browser, url: str, view: Database, told: Sequence[tuple[Origin, Outcome]]
) -> list[float]:
    """Seconds from before a photo is written until the overview shows it."""
    page = browser.new_page(viewport={"width": 1280, "height": 860})
    page.set_default_timeout(LONGEST_MS)
    page.goto(f"{url}/?{urlencode({'scope': SCOPE})}")
    page.wait_for_function(FILLED)
    page.wait_for_function(LIVE)
    waited = []
    for place, outcome in told:
        time.sleep(EVERY_S)
        start = time.perf_counter()
        view.apply([(place, outcome)])
        page.wait_for_function(SEEN, arg=outcome.cause.image_id)
        waited.append(time.perf_counter() - start)
    page.close()
    return waited


def measure(url: str, items: int, dim: int) -> tuple[list[Figure], str]:
    """Figures asked for, and a table of all pages."""
    told = Stream(items + LATE, dim).told()
    rows, paints = [], []
    with closing(open_view(url, "benchmark", anew=True)) as view:
        fill(view, islice(told, items))
        view.refresh(SCOPE)
        with served(url) as server, browsing() as browser:
            for name, path in paths(view):
                open_page(browser, server.url + path)
                opened = np.array([open_page(browser, server.url + path) for _ in range(TIMES)])
                paints += opened[:, 0].tolist()
                shown = (opened[:, 0], opened[:, 1])
                values = [value for ms in shown for value in (np.median(ms), ms.max())]
                rows.append([name, *(f"{value:.0f}" for value in values)])
            waited = follow(browser, server.url, view, list(told))
    figures = [
        at_most("first paint, longest of all pages, s", 1, max(paints) / 1000),
        at_most("event to screen, p95, s", 1, float(np.quantile(waited, 0.95))),
    ]
    more = f"Event to screen: median {np.median(waited):.2f} s, longest {max(waited):.2f} s."
    return figures, "\n\n".join([table(HEAD, rows), more])


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=description(__doc__))
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--dim", type=int, default=512)
    parser.add_argument("-o", "--output", type=Path, help="write the Markdown here as well")
    chosen = parser.parse_args()
    with TemporaryDirectory() as folder:
        figures, pages = measure(f"sqlite:///{folder}/view.sqlite", chosen.items, chosen.dim)
    text = [machine(), f"{chosen.items} items", targets_table(figures), pages]
    publish("\n\n".join(text), chosen.output)


if __name__ == "__main__":
    main()
