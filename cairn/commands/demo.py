"""`cairn demo`: the main job on sample photos, no broker."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from cairn.commands.cluster import report, write_result
from cairn.commands.run import Shown, work
from cairn.compose import means_of
from cairn.files import make_folder
from cairn.folder_run import FolderJob
from cairn.logs import start_logging
from cairn.one_shot import cluster_folder
from cairn.options import Config, Host, Port, settings_of
from cairn.sections import Settings
from cairn.sheet import write_sheet
from producer.labels import read_labels
from producer.synthetic import make_samples

LABELS = "labels.csv"


def demo(
    images: Annotated[
        Path | None,
        typer.Option("--images", metavar="DIR", help="Your own photos; default: samples are made."),
    ] = None,
    output: Annotated[
        Path,
        typer.Option(
            "-o", "--output", metavar="DIR", help="Folder for everything the demo writes."
        ),
    ] = Path("demo-out"),
    serve: Annotated[
        bool,
        typer.Option("--serve", help="Show it as a page instead, live, until stopped (`[serve]`)."),
    ] = False,
    host: Host = None,
    port: Port = None,
    config: Config = None,
) -> None:
    """Make sample photos of building sites, stream them through the engine, show the piles.

    Writes result.json and contact-sheet.html. A labels.csv among the photos scores the result.
    With --serve it is `cairn run --source` over these photos, its state in OUTPUT/state.

    Example: cairn demo --images ~/Pictures
    """
    console = Console(stderr=True)
    state = output / "state"
    settings = settings_of(
        config,
        state__directory=str(state) if serve else None,
        serve__host=host,
        serve__port=port,
    )
    make_folder(output)
    directory = images or _samples(output / "photos", console)
    labels = directory / LABELS
    truth = read_labels(labels) if labels.is_file() else {}
    if serve:
        start_logging(settings.log)
        job = FolderJob(directory, watch=True, labels=truth, commands=state)
        work(settings, job, Shown(serve=True))
    else:
        _show_piles(settings, FolderJob(directory, labels=truth), output, console)


def _show_piles(settings: Settings, job: FolderJob, output: Path, console: Console) -> None:
    means = means_of(settings)
    finished = cluster_folder(settings, means, job, console)
    write_result(finished, output / "result.json")
    sheet = output / "contact-sheet.html"
    write_sheet(sheet, finished.shown, means, job.directory)
    report(finished, means, console)
    for line in (
        f"result: {output / 'result.json'}",
        f"contact sheet: {sheet.resolve().as_uri()}",
        "next, the same as a page, live: make page (or cairn demo --serve)",
    ):
        console.print(line, markup=False, soft_wrap=True)


def _samples(directory: Path, console: Console) -> Path:
    """Sample photos, made once: the last file written says that all of them are there."""
    if not (directory / LABELS).is_file():
        with console.status("making sample photos"):
            make_samples(directory)
    return directory
