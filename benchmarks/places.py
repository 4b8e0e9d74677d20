"""Quality, stability and cost of `cairn cluster` on the development photos of places.

    python benchmarks/places.py [--encoder NAME] [--shuffles 3] [--sets places_pano ...]

Prints Markdown: B-cubed for the given order and for shuffles of it, images a second, and where
the processor time goes. Needs the development photos ($CAIRN_SHARED, default ../shared).
"""

from __future__ import annotations

import argparse
import os
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from cairn.compose import means_of
from cairn.folder_run import FolderJob
from cairn.one_shot import Finished, cluster_folder
from cairn.sections import Settings
from cairn.settings import load
from engine.jobs.evaluate import Retrieval
from producer.labels import read_labels

SHARED = Path(os.environ.get("CAIRN_SHARED", Path(__file__).parents[2] / "shared"))
SETS = ("places_pano", "places_multiview", "places_gps")


@dataclass(frozen=True, slots=True)
class Run:
    """One order of one set."""

    name: str
    order: str
    bcubed: Retrieval
    finished: Finished

    def row(self) -> str:
        """Its line of the table."""
        score, done = self.bcubed, self.finished
        rate = done.photos / done.wall_s
        each = done.verifications / done.photos
        return (
            f"| {self.name} | {self.order} | {score.precision:.3f} | {score.recall:.3f} "
            f"| {score.f1:.3f} | {rate:.1f} | {each:.1f} |"
        )


def run(settings: Settings, name: str, seed: int | None) -> Run:
    """Cluster one set in one order and judge it."""
    directory = SHARED / "data" / "dev" / name
    labels = read_labels(directory / "labels.csv")
    job = FolderJob(directory, shuffle_seed=seed, labels=labels)
    finished = cluster_folder(settings, means_of(settings), job, Console(quiet=True))
    if finished.scores is None:
        raise SystemExit(f"no photo of {directory} has a label")
    order = "as taken" if seed is None else f"shuffle {seed}"
    return Run(name, order, finished.scores.bcubed, finished)


def shares(runs: list[Run]) -> str:
    """Where the processor time of all runs went."""
    total = sum(one.finished.cpu_s for one in runs)
    spent: dict[str, float] = {}
    for one in runs:
        for stage, seconds in one.finished.stages.items():
            spent[stage] = spent.get(stage, 0.0) + seconds
    spent["the rest"] = total - sum(spent.values())
    return ", ".join(f"{stage} {seconds / total:.1%}" for stage, seconds in spent.items())


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--encoder", default="builtin")
    parser.add_argument("--models", default="models", help="the model registry")
    parser.add_argument("--shuffles", type=int, default=3)
    parser.add_argument("--sets", nargs="+", default=SETS)
    options = parser.parse_args()
    overrides = {"engine.encoder": options.encoder, "models.directory": options.models}
    settings = load(None, {}, overrides)
    print("| set | order | P | R | B-cubed F | images/s | verifications/image |")
    print("|---|---|---|---|---|---|---|")
    runs: list[Run] = []
    for name in options.sets:
        for seed in (None, *range(1, options.shuffles + 1)):
            runs.append(run(settings, name, seed))
            print(runs[-1].row(), flush=True)
    print(f"\nProcessor time: {shares(runs)}.")


if __name__ == "__main__":
    main()
