"""`cairn report`: a read model as one self-contained page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from cairn.extras import extra
from cairn.files import check_writable
from cairn.report import printable


def report(
    view: Annotated[
        str,
        typer.Option("--view", metavar="URL", help="A database that `cairn view` keeps."),
    ],
    output: Annotated[Path, typer.Option("-o", "--output", metavar="FILE", help="The page, HTML.")],
    scope: Annotated[
        str | None, typer.Option("--scope", metavar="NAME", help="Only this one; else all.")
    ] = None,
) -> None:
    """Write clusters, photos and lineage as one HTML file to send or keep (extra `[serve]`).

    It holds what it shows, and fetches nothing: thumbnails of the 250 largest clusters, up to 24
    photos each, of the latest single photos, and what was refused; it says how much more there is.

    Example: cairn report --view sqlite:///view.db -o report.html --scope site-7
    """
    check_writable(output)
    with extra("serve", "the read model"):
        from cairn.view_sheet import write_view_sheet  # noqa: PLC0415
    totals = write_view_sheet(output, view, scope)
    told = f"{totals.images} photos, {totals.confirmed} confirmed clusters: {output}"
    Console(stderr=True).print(printable(told), soft_wrap=True)
