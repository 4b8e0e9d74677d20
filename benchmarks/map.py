"""The map at size: how fast it is laid out, answered, drawn and turned.

    python -m benchmarks.map [--items 50000] [--dim 512] [-o map.md]

Made-up items as in `benchmarks.view`, in SQLite, asked over HTTP. The browser is a Chromium without
window whose WebGL the processor computes (SwiftShader): a graphics card is many times faster. A
frame counts once its pixels can be read. On two cores it takes three minutes.
"""

from __future__ import annotations

import argparse
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx

from benchmarks.report import description, machine, publish
from benchmarks.served import served
from benchmarks.targets import Figure, at_least, at_most, targets_table
from benchmarks.view import SCOPE, Stream, fill, p95, timed
from exporters.view.opening import open_view
from tests.browser.kit import browsing

ASKED = 20
FRAMES = 40
DRAWN = "document.querySelector('#cloud').ariaLabel.startsWith('Map of')"
TURN = """async (frames) => {
  const canvas = document.querySelector("#cloud");
  const gl = canvas.getContext("webgl");
  const press = () => canvas.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowLeft" }));
  const frame = () => new Promise((done) => requestAnimationFrame(() => {
    gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, new Uint8Array(4));
    done();
  }));
  const start = performance.now();
  for (let turn = 0; turn < frames; turn += 1) { press(); await frame(); }
  return (1000 * frames) / (performance.now() - start);
}"""


def answering(url: str) -> tuple[list[float], float]:
    """Seconds of each answer, and its size in MB."""
    with httpx.Client(timeout=60) as http:
        size = len(http.get(f"{url}/api/v1/map", params={"scope": SCOPE}).content)
        asked = [
            timed(lambda: http.get(f"{url}/api/v1/map", params={"scope": SCOPE}))
            for _ in range(ASKED)
        ]
    return asked, size / 1e6


def drawing(url: str) -> tuple[float, float]:
    """Seconds from the address to the first frame, and frames a second while it is turned."""
    with browsing() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 860})
        page.set_default_timeout(120_000)

        def draw() -> None:
            page.goto(f"{url}/map?scope={SCOPE}")
            page.wait_for_function(DRAWN)
            page.evaluate(TURN, 1)

        return timed(draw), page.evaluate(TURN, FRAMES)


def measure(url: str, items: int, dim: int) -> list[Figure]:
    """Figures of a new view at an address."""
    with closing(open_view(url, "benchmark", anew=True)) as view:
        fill(view, Stream(items, dim).told())
        layout_s = timed(lambda: view.refresh(SCOPE))
    with served(url) as server:
        asked, size_mb = answering(server.url)
        first_s, rate = drawing(server.url)
    return [
        at_most(f"{items} points: laid out, s", 30, layout_s),
        at_most(f"{items} points: answered, p95, ms", 1000, p95(asked)),
        at_most(f"{items} points: answer, MB", 4, size_mb),
        at_most(f"{items} points: address to first frame, s", 3, first_s),
        at_least(f"{items} points: frames a second while turned", 10, rate),
    ]


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=description(__doc__))
    parser.add_argument("--items", type=int, default=50_000)
    parser.add_argument("--dim", type=int, default=512)
    parser.add_argument("-o", "--output", type=Path, help="write the Markdown here as well")
    chosen = parser.parse_args()
    with TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/view.db"
        figures = measure(url, chosen.items, chosen.dim)
    publish(f"{machine()}\n\n{targets_table(figures)}", chosen.output)


if __name__ == "__main__":
    main()
