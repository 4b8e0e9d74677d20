"""`cairn demo`: the main job on sample photos, no broker."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from cairn.commands.cluster import report, write_result
from cairn.compose import means_of
from cairn.folder_run import FolderJob
from cairn.one_shot import cluster_folder
from cairn.options import Config, settings_of
from cairn.sheet import write_sheet
from producer.labels import read_labels
from producer.synthetic import make_samples

LABELS = "labels.csv"


def demo(
    images: Annotated[
        Path | None, typer.Option("--images", help="Your own photos; default: samples are made.")
    ] = None,
    output: Annotated[
        Path, typer.Option("-o", "--output", help="Folder for everything the demo writes.")
    ] = Path("demo-out"),
    config: Config = None,
) -> None:
    """Make sample photos of building sites, stream them through the engine, show the piles.

    Writes result.json and contact-sheet.html. Example: cairn demo --images ~/Pictures
    """
    console = Console(stderr=True)
    settings = settings_of(config)
    output.mkdir(parents=True, exist_ok=True)
    directory = images or _samples(output / "photos", console)
    labels = directory / LABELS
    truth = read_labels(labels) if labels.is_file() else {}
    means = means_of(settings)
    finished = cluster_folder(settings, means, FolderJob(directory, labels=truth), console)
    write_result(finished, output / "result.json")
    sheet = write_sheet(output / "contact-sheet.html", finished, means, directory)
    report(finished, means, console)
    console.print(f"result: {output / 'result.json'}")
    console.print(f"contact sheet: {sheet.resolve().as_uri()}", soft_wrap=True)


def _samples(directory: Path, console: Console) -> Path:
    """Sample photos, made once: the last file written says that all of them are there."""
    if not (directory / LABELS).is_file():
        with console.status("making sample photos"):
            make_samples(directory)
    return directory
