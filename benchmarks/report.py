"""How benchmarks report: Markdown tables, a plot of B-cubed F, and the options they share."""

from __future__ import annotations

import argparse
import importlib
import multiprocessing
import os
import platform
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import TypeVar

import cv2
from threadpoolctl import threadpool_limits

from benchmarks.encoders import ENCODERS, encoder_for
from benchmarks.features import WHOLE, KnownVerdicts, cache_folder, fingerprint, seen_by
from benchmarks.local import LOCAL, local_for
from benchmarks.streams import STREAMS
from cairn.local import Local
from engine.ports import Framing

_T = TypeVar("_T")


def options(description: str, orders: int) -> argparse.ArgumentParser:
    """The options of every benchmark of quality."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--encoder", choices=ENCODERS, default=ENCODERS[0])
    parser.add_argument(
        "--features", choices=LOCAL, default=LOCAL[0], help="local features, for places"
    )
    parser.add_argument("--streams", nargs="+", choices=STREAMS, default=STREAMS, metavar="STREAM")
    parser.add_argument(
        "--orders", type=int, default=orders, help="the given order, and shuffles beyond the first"
    )
    parser.add_argument("-o", "--output", type=Path, help="write the Markdown here as well")
    parser.add_argument("--jobs", type=int, default=1, help="streams at a time, a process each")
    parser.add_argument("--plots", type=Path, help="write PNGs into it (needs matplotlib)")
    return parser


def description(text: str | None) -> str:
    """The first line of a module's docstring."""
    return (text or "").partition("\n")[0]


def over_streams(work: Callable[[str], _T], chosen: argparse.Namespace) -> Iterator[_T]:
    """What the work makes of every chosen stream, one by one or several at a time.

    Several start with the last, because the longest streams come last.
    """
    if chosen.jobs == 1:
        yield from map(work, chosen.streams)
        return
    encoder_for(chosen.encoder)  # makes the models ready, which but one process may do
    local_for(chosen.features)
    spawning = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(chosen.jobs, spawning) as pool:
        yield from pool.map(work, reversed(chosen.streams))


@contextmanager
def verdicts_kept(local: Local, framing: Framing = WHOLE) -> Iterator[KnownVerdicts]:
    """The verifier with what it found before; saved at the end, also of an interrupted run.

    framing: verdicts hold for what it made of the photos.
    One thread in the libraries: their sums must not depend on how they split the work.
    """
    cv2.setNumThreads(1)
    parts = "-".join(fingerprint(part) for part in (local.extractor, local.verifier))
    path = cache_folder() / f"verdicts-{parts}{seen_by(framing)}.npz"
    verdicts = KnownVerdicts(local.verifier, path)
    with threadpool_limits(1):
        try:
            yield verdicts
        finally:
            verdicts.save()


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; the first column is text, the others are numbers."""
    rule = ["---", *["---:"] * (len(header) - 1)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (header, rule, *rows))


def machine() -> str:
    """What the figures were measured on."""
    return f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"


def publish(text: str, output: Path | None) -> None:
    """Print, and write where a file is named."""
    print(text, flush=True)
    if output is not None:
        output.write_text(f"{text}\n", encoding="utf-8")


def plot(path: Path, title: str, series: Mapping[str, Mapping[str, float]]) -> None:
    """B-cubed F by stream, one marker per method, the first method in front."""
    pyplot = pyplot_for(path)
    if pyplot is None:
        return
    streams = list(dict.fromkeys(stream for values in series.values() for stream in values))
    figure, axes = pyplot.subplots(figsize=(9, 1.5 + 0.3 * len(streams)), layout="constrained")
    for rank, ((method, values), marker) in enumerate(
        zip(series.items(), _markers(), strict=False)
    ):
        rows = [streams.index(stream) for stream in values]
        size, front = (70, 3) if rank == 0 else (25, 2)
        axes.scatter(list(values.values()), rows, s=size, zorder=front, marker=marker, label=method)
    axes.set(title=title, xlabel="B-cubed F", yticks=range(len(streams)), yticklabels=streams)
    axes.invert_yaxis()
    axes.grid(alpha=0.3)
    figure.legend(loc="outside right upper", fontsize="small")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)
    pyplot.close(figure)


def pyplot_for(path: Path) -> ModuleType | None:
    """What draws plots; says that there will be none at `path` where it is not installed."""
    try:
        return importlib.import_module("matplotlib.pyplot")
    except ImportError:
        print(f"no {path}: matplotlib is not installed")
        return None


def _markers() -> Iterator[str]:
    while True:
        yield from "osv^<>DPX*ph"
