"""What one photo costs as a scope grows: time, pauses, memory, verifications, recall.

    python -m benchmarks.scale [--prototypes 1000 10000 100000] [--dim 512]
                               [--profiles place product] [-o scale.md] [--plots DIRECTORY]

A made-up crowd of things (benchmarks/crowd.py) fills one scope, photo by photo. Half of the
photos that the clusterer decides on show something new, half something known. Where geometry
decides that is every tenth while the scope grows; the others found a cluster each, by the
events that do so, as a replay does. At each size photos are timed through the clusterer,
neighbours compared with brute force, and some labels taken out of the index and put back.
Verification answers at once: neither its time, nor that of embedding and local features, is in
the figures. Each profile runs in a process of its own. On two cores the default sizes take five
minutes for `place` and half an hour for `product`; a million prototypes of `place` take an
hour or two, and 7 GB.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.growth import Measured, grow, measure, resident_bytes, world_of
from benchmarks.report import description, machine, publish, pyplot_for, table
from benchmarks.targets import Figure, at_most, targets_table
from cairn.collector import spare_survivors
from engine.profile import PROFILES

SMALL, LARGE = 1000, 100_000
"""The sizes that what is asked speaks of."""
SIZES = (SMALL, 10_000, LARGE)
DEFAULT_PROFILES = ("place", "product")


def run(profile: str, sizes: Sequence[int], dim: int) -> dict[int, Measured]:
    """Grow a scope through the sizes, in a process set up as a worker is."""
    spare_survivors()
    with threadpool_limits(1):
        world, measured = world_of(profile, dim), {}
        grow(world, 1)
        empty = resident_bytes()  # with all libraries loaded
        for size in sorted(sizes):
            measured[size] = measure(world, size, empty)
            print(profile, *speed_row(measured[size]), file=sys.stderr, flush=True)
    return measured


def ms(one: Measured, quantile: float) -> float:
    """A quantile of the time of one photo, in milliseconds."""
    return 1000 * float(np.quantile(one.seconds, quantile))


def kilobytes(one: Measured) -> float:
    """Memory per cluster, in kB."""
    return one.resident / one.clusters / 1000


def figures(measured: Mapping[int, Measured]) -> Iterator[Figure]:
    """What is asked, of those sizes that were measured."""
    if {SMALL, LARGE} <= measured.keys():
        ratio = ms(measured[LARGE], 0.5) / ms(measured[SMALL], 0.5)
        yield at_most(f"p50 at {LARGE:,} by p50 at {SMALL:,}", 3, ratio)
    if LARGE in measured:
        large = measured[LARGE]
        yield at_most(f"p99 at {LARGE:,}, ms", 50, ms(large, 0.99))
        yield at_most(f"memory per cluster at {LARGE:,}, kB", 8, kilobytes(large))
        most = float(large.spent.max())
        yield at_most(f"verifications of something new at {LARGE:,}, most", 8, most)
    longest = max(one.pauses.busy for one in measured.values())
    yield at_most("longest pause, ms", 250, 1000 * longest)


SPEED = (
    *("prototypes", "clusters", "p50 ms", "p99 ms", "max ms", "longest pause ms", "at"),
    *("by the clock ms", "kB / cluster", "of it sums"),
)
SEARCH = (
    *("prototypes", "verifications", "most", "known found", "recall"),
    *("replaced p50 ms", "p99 ms", "recall then"),
)
_SPEED_NOTE = (
    "Processor time of one photo, half of them of something new; longest pause: of all photos "
    "since the size before, when the index held so many prototypes. kB / cluster: memory of the "
    "process, exemplars left out; sums: what prototypes add up."
)
_SEARCH_NOTE = (
    "Verifications of a photo that shows something new: mean and most. Known found: share of the "
    "others that joined a cluster. Recall: share of the true nearest prototypes that the index "
    "returns; replaced: labels taken out and put back."
)


def speed_row(one: Measured) -> list[str]:
    """Time and memory at one size."""
    return [
        f"{one.prototypes:,}",
        f"{one.clusters:,}",
        *(f"{ms(one, quantile):.2f}" for quantile in (0.5, 0.99, 1.0)),
        f"{1000 * one.pauses.busy:.0f}",
        f"{one.pauses.at:,}",
        f"{1000 * one.pauses.clock:.0f}",
        f"{kilobytes(one):.1f}",
        f"{one.sums / one.clusters / 1000:.1f}",
    ]


def search_row(one: Measured) -> list[str]:
    """What is found at one size, and what a change of the index costs."""
    p50, p99 = 1000 * np.quantile(one.replaced, [0.5, 0.99])
    return [
        f"{one.prototypes:,}",
        f"{one.spent.mean():.1f}",
        f"{one.spent.max()}",
        f"{one.found:.3f}",
        f"{one.recall[0]:.3f}",
        f"{p50:.2f}",
        f"{p99:.2f}",
        f"{one.recall[1]:.3f}",
    ]


def report(profile: str, measured: Mapping[int, Measured]) -> str:
    """The tables of a profile, with what their columns mean."""
    return "\n\n".join(
        (
            f"### Scale, profile {profile}",
            f"{_SPEED_NOTE} {machine()}.",
            table(SPEED, [speed_row(one) for one in measured.values()]),
            _SEARCH_NOTE,
            table(SEARCH, [search_row(one) for one in measured.values()]),
            targets_table(list(figures(measured))),
        )
    )


def draw(folder: Path, results: Mapping[str, Mapping[int, Measured]]) -> None:
    """Time and memory by size, as `scale.png`."""
    path = folder / "scale.png"
    pyplot = pyplot_for(path)
    if pyplot is None:
        return
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(10, 4), layout="constrained")
    for profile, measured in results.items():
        sizes = list(measured)
        for title, style, values in _times(list(measured.values())):
            left.plot(sizes, values, style, label=f"{profile}, {title}")
        right.plot(sizes, [kilobytes(one) for one in measured.values()], "o-", label=profile)
    left.set(title="one photo", xlabel="prototypes", ylabel="ms", xscale="log", yscale="log")
    right.set(title="memory", xlabel="prototypes", ylabel="kB / cluster", xscale="log")
    right.set_ylim(bottom=0)
    for axes in (left, right):
        axes.grid(alpha=0.3)
        axes.legend(fontsize="small")
    folder.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)
    pyplot.close(figure)


def _times(measured: Sequence[Measured]) -> Iterator[tuple[str, str, list[float]]]:
    yield "p50", "o-", [ms(one, 0.5) for one in measured]
    yield "p99", "s--", [ms(one, 0.99) for one in measured]
    yield "longest pause", "^:", [1000 * one.pauses.busy for one in measured]


def options() -> argparse.ArgumentParser:
    """What can be chosen."""
    parser = argparse.ArgumentParser(description=description(__doc__))
    parser.add_argument("--prototypes", nargs="+", type=int, default=SIZES, metavar="N")
    parser.add_argument("--dim", type=int, default=512, help="length of a vector, 64 or more")
    parser.add_argument("--profiles", nargs="+", choices=PROFILES, default=DEFAULT_PROFILES)
    parser.add_argument("-o", "--output", type=Path, help="write the Markdown here as well")
    parser.add_argument("--plots", type=Path, help="write a PNG into it (needs matplotlib)")
    return parser


def main() -> None:
    """Print the tables."""
    chosen = options().parse_args()
    spawning = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, spawning, max_tasks_per_child=1) as processes:
        running = {
            profile: processes.submit(run, profile, chosen.prototypes, chosen.dim)
            for profile in chosen.profiles
        }
        results = {profile: future.result() for profile, future in running.items()}
    publish("\n\n".join(report(*result) for result in results.items()), chosen.output)
    if chosen.plots is not None:
        draw(chosen.plots, results)


if __name__ == "__main__":
    main()
