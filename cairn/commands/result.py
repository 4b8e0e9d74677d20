"""`cairn result`: where everything lies now, of a state directory."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from cairn.compose import Means, means_of, store_at
from cairn.files import check_writable, write_file
from cairn.folder_run import STATE_FILE
from cairn.options import Config, Encoder, Profile, settings_of
from cairn.report import cluster_table
from cairn.sections import Settings
from cairn.sheet import Shown, write_sheet
from engine.errors import Misconfigured
from engine.jobs.placements import placements
from exporters.parquet import write_parquet
from exporters.result import result_json


def result(
    output: Annotated[Path, typer.Option("-o", "--output", metavar="FILE", help="Result JSON.")],
    state: Annotated[
        Path | None,
        typer.Option("--state", metavar="DIR", help="State directory of a stopped `cairn run`."),
    ] = None,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Also write a contact sheet.")
    ] = None,
    images: Annotated[
        Path | None, typer.Option("--images", metavar="DIR", help="The photos, for --html.")
    ] = None,
    parquet: Annotated[
        Path | None,
        typer.Option(
            "--parquet",
            metavar="FILE",
            help="Also write items with their vectors as Parquet (extra [parquet]).",
        ),
    ] = None,
    profile: Profile = None,
    encoder: Encoder = None,
    config: Config = None,
) -> None:
    """Write where everything lies now, with every merge, split and correction followed.

    The JSON and the contact sheet are those of `cairn cluster`.

    Example: cairn result --state cairn-state -o result.json --html sheet.html --images inbox/
    """
    settings = settings_of(
        config,
        engine__profile=profile,
        engine__encoder=encoder,
        state__directory=None if state is None else str(state),
    )
    if (html is None) != (images is None):
        raise Misconfigured("give --html FILE and --images DIR together")
    for path in filter(None, (output, html, parquet)):
        check_writable(path)
    means = means_of(settings)
    shown = _read(settings, means)
    write_file(output, result_json(shown.placements))
    if html is not None and images is not None:
        write_sheet(html, shown, means, images)
    if parquet is not None:
        write_parquet(parquet, shown.placements)
    Console(stderr=True).print(cluster_table(shown.placements))


def _read(settings: Settings, means: Means) -> Shown:
    source = settings.state.directory / STATE_FILE
    if not source.exists():
        raise Misconfigured(f"there is no {source}: name what `cairn run --state` names")
    with closing(store_at(source, means)) as store:
        return Shown(placements(store.outcomes()), list(store.rejections()))
