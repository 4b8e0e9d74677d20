"""`cairn result`: where everything lies now, of a state directory or a read model."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from cairn.compose import Means, means_of, store_at
from cairn.extras import extra
from cairn.files import check_writable, write_file
from cairn.folder_run import STATE_FILE
from cairn.options import Config, Encoder, Profile, settings_of
from cairn.report import cluster_table
from cairn.sections import Settings
from cairn.sheet import Shown, write_sheet
from engine.errors import Misconfigured
from engine.jobs.placements import Placement, placements
from exporters.parquet import write_parquet
from exporters.result import result_json


def result(
    output: Annotated[Path, typer.Option("-o", "--output", metavar="FILE", help="Result JSON.")],
    state: Annotated[
        Path | None,
        typer.Option("--state", metavar="DIR", help="State directory of a stopped `cairn run`."),
    ] = None,
    view: Annotated[
        str | None,
        typer.Option("--view", metavar="URL", help="Or a database that `cairn view` keeps."),
    ] = None,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Also write a contact sheet.")
    ] = None,
    images: Annotated[
        Path | None, typer.Option("--images", metavar="DIR", help="The photos, for --html.")
    ] = None,
    parquet: Annotated[
        Path | None,
        typer.Option("--parquet", metavar="FILE", help="Also with vectors (extra [parquet])."),
    ] = None,
    profile: Profile = None,
    encoder: Encoder = None,
    config: Config = None,
) -> None:
    """Write where everything lies now, with every merge, split and correction followed.

    The JSON and the contact sheet are those of `cairn cluster`; `cairn report` shows a view.

    Example: cairn result --state cairn-state -o result.json --html sheet.html --images inbox/
    """
    if (html is None) != (images is None):
        raise Misconfigured("give --html FILE and --images DIR together")
    if view is not None and (state is not None or html is not None):
        raise Misconfigured("with --view give neither --state nor --html: see cairn report --help")
    for path in filter(None, (output, html, parquet)):
        check_writable(path)
    settings = settings_of(
        config,
        engine__profile=profile,
        engine__encoder=encoder,
        state__directory=None if state is None else str(state),
    )
    found = _kept(settings, html, images) if view is None else _viewed(view)
    write_file(output, result_json(found))
    if parquet is not None:
        write_parquet(parquet, found)
    Console(stderr=True).print(cluster_table(found))


def _kept(settings: Settings, html: Path | None, images: Path | None) -> Sequence[Placement]:
    """What a state directory holds, and its sheet."""
    means = means_of(settings)
    shown = _read(settings, means)
    if html is not None and images is not None:
        write_sheet(html, shown, means, images)
    return shown.placements


def _viewed(url: str) -> Sequence[Placement]:
    with extra("serve", "the read model"):
        from exporters.view.opening import open_filled_view  # noqa: PLC0415
    with closing(open_filled_view(url)) as view:
        return list(view.placements())


def _read(settings: Settings, means: Means) -> Shown:
    source = settings.state.directory / STATE_FILE
    if not source.exists():
        raise Misconfigured(f"there is no {source}: name what `cairn run --state` names")
    with closing(store_at(source, means)) as store:
        return Shown(placements(store.outcomes()), list(store.rejections()))
