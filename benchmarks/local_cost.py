"""What each kind of local features costs an image and a pair, side by side.

    python -m benchmarks.local_cost [--photos 40] [-o cost.md]

Processor time of one thread, kinds taking turns photo by photo, so that what else the machine does
slows them alike. Pairs: every photo with the next, some of one place and most of two.
Needs the shared development data ($CAIRN_SHARED, default ../shared).
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice, pairwise
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.features import photos
from benchmarks.local import LOCAL, local_for
from benchmarks.report import description, publish, table
from cairn.compose import limits_of
from cairn.local import Local
from cairn.sections import Guards
from engine.types import LocalFeatures, Rgb
from engine.vision.decode import decode

SETS = ("places_wxbs", "places_evd", "places_multiview")
COST = ("local features", "ms an image", "ms a pair", "points", "kB kept an exemplar")
_T = TypeVar("_T")


def images(count: int) -> Iterator[Rgb]:
    """The first photos of some sets of places."""
    found = (photo for name in SETS for photo in photos(name))
    for photo in islice(found, count):
        yield decode(photo.data, limits_of(Guards())).image


def rows(kinds: Mapping[str, Local], seen: Sequence[Rgb]) -> Iterator[list[str]]:
    """One row a kind."""
    looks: dict[str, list[float]] = {name: [] for name in kinds}
    found: dict[str, list[LocalFeatures]] = {name: [] for name in kinds}
    for image in seen:
        for name, kind in kinds.items():
            features, ms = timed(lambda kind=kind, image=image: kind.extractor.extract(image))
            found[name].append(features)
            looks[name].append(ms)
    for name, kind in kinds.items():
        pairs = [
            timed(lambda kind=kind, pair=pair: kind.verifier.verify(*pair))[1]
            for pair in pairwise(found[name])
        ]
        each = [list(parts(features)) for features in found[name]]
        points = np.mean([sum(len(one.points) for one in both) for both in each])
        size = np.mean([sum(one.points.nbytes + one.descriptors.nbytes for one in b) for b in each])
        yield [
            name,
            f"{np.mean(looks[name]):.0f}",
            f"{np.mean(pairs):.1f}",
            f"{points:.0f}",
            f"{size / 1000:.0f}",
        ]


def parts(features: LocalFeatures) -> Iterator[LocalFeatures]:
    """Features of each method."""
    yield features
    if features.more is not None:
        yield features.more


def timed(work: Callable[[], _T]) -> tuple[_T, float]:
    """What comes of it, and the milliseconds it took this thread."""
    started = time.thread_time()
    result = work()
    return result, 1000 * (time.thread_time() - started)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=description(__doc__))
    parser.add_argument("--photos", type=int, default=40)
    parser.add_argument("-o", "--output", type=Path, help="write the Markdown here as well")
    chosen = parser.parse_args()
    cv2.setNumThreads(1)
    kinds = {name: local_for(name) for name in LOCAL}
    with threadpool_limits(1):
        found = list(rows(kinds, list(images(chosen.photos))))
    publish(table(COST, found), chosen.output)


if __name__ == "__main__":
    main()
