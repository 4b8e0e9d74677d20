"""Face detectors beside each other, through the whole of `cairn cluster` with the profile `face`.

    python -m benchmarks.faces [--orders 3] [-o faces.md]

Every set arrives in its given order and in shuffles. A photo is judged by its largest face, one
in which none was found stands alone. Encoder: MobileFaceNet. Needs the shared development data
($CAIRN_SHARED, default ../shared).
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import numpy as np
from rich.console import Console

from benchmarks.encoders import FACE_DETECTORS, FACE_ENCODER, encoder_for, face_framing, registry
from benchmarks.features import SHARED
from benchmarks.report import description, machine, publish, table
from benchmarks.streams import FACES
from cairn.compose import limits_of, means_of
from cairn.folder_run import FolderJob
from cairn.one_shot import cluster_folder
from cairn.sections import Engine, Guards, Models, Settings
from engine.jobs.evaluate import NOISE, evaluate, subjects
from engine.jobs.placements import Placement, area, group_numbers
from engine.vision.decode import decode
from producer.labels import read_labels

COLUMNS = ("set", "detector", "photos", "faces", "none found", "ms a photo", "P", "R", "F", "worst")


@dataclass(frozen=True, slots=True)
class Looked:
    """Faces found in every photo of a set, and processor milliseconds for finding and aligning."""

    counts: list[int]
    milliseconds: float


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=description(__doc__))
    parser.add_argument("--orders", type=int, default=3)
    parser.add_argument("-o", "--output", type=Path)
    chosen = parser.parse_args()
    encoder_for(FACE_ENCODER)
    rows = [row for name in FACES for row in rows_of(name, chosen.orders)]
    text = f"### Face detectors\n\n{machine()}; {chosen.orders} orders of arrival, means.\n\n"
    publish(text + table(COLUMNS, rows), chosen.output)


def rows_of(name: str, orders: int) -> Iterator[list[str]]:
    """One row a detector."""
    folder = SHARED / "data" / "dev" / name
    for detector in FACE_DETECTORS:
        seen = looked(folder, detector)
        scores = [clustered(folder, detector, order) for order in range(orders)]
        yield [
            *(name, detector, str(len(seen.counts)), str(sum(seen.counts))),
            *(str(seen.counts.count(0)), f"{seen.milliseconds:.1f}"),
            *(f"{value:.3f}" for value in np.mean(scores, axis=0)),
            f"{min(score[2] for score in scores):.3f}",
        ]


def looked(folder: Path, detector: str) -> Looked:
    """Find the faces of every labelled photo, one after the other."""
    framing, limits = face_framing(detector), limits_of(Guards())
    photos = [decode((folder / path).read_bytes(), limits).image for path in labels_of(folder)]
    started = time.thread_time()
    counts = [len(framing(photo)) for photo in photos]
    return Looked(counts, 1000 * (time.thread_time() - started) / len(photos))


def clustered(folder: Path, detector: str, order: int) -> tuple[float, float, float]:
    """B-cubed precision, recall and F of one order of arrival."""
    settings = Settings(
        engine=Engine(profile="face", encoder=FACE_ENCODER),
        models=Models(directory=registry()),
        profiles={"face": {"detector": detector}},
    )
    job = FolderJob(folder, shuffle_seed=order or None)
    found = cluster_folder(settings, means_of(settings), job, Console(file=StringIO())).placements
    truth = labels_of(folder)
    groups = groups_of(found)
    judged = evaluate(list(truth.values()), [groups.get(path, NOISE) for path in truth]).bcubed
    return judged.precision, judged.recall, judged.f1


def groups_of(found: Sequence[Placement]) -> dict[str, int]:
    """The group of every photo's largest face."""
    numbers = group_numbers(found)
    chosen = subjects([one.name for one in found], [area(one.item.box) for one in found])
    return {found[k].name: numbers.get(found[k].key, NOISE) for k in chosen}


def labels_of(folder: Path) -> dict[str, str]:
    """The person of every photo."""
    rows = read_labels(folder / "labels.csv")
    return {path: row.label for path, row in rows.items() if row.label}


if __name__ == "__main__":
    main()
