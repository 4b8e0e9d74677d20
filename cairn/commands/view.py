"""`cairn view`: clusters, items, photos and lineage as tables of a database."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeAlias

import typer
from rich.console import Console

from cairn.commands.run import stopping
from cairn.extras import extra
from cairn.logs import start_logging
from cairn.options import Config, settings_of
from cairn.report import printable
from engine.errors import Misconfigured

To: TypeAlias = Annotated[
    str, typer.Option("--to", metavar="URL", help="sqlite:///PATH or postgresql://USER@HOST/NAME.")
]
State: TypeAlias = Annotated[
    Path | None,
    typer.Option("--state", metavar="DIR", help="State directory of a stopped `cairn run`."),
]
Map: TypeAlias = Annotated[
    str | None, typer.Option("--map", metavar="HOW", help="Laid out by pca or umap (an extra).")
]


def view(
    to: To,
    state: State = None,
    kafka: Annotated[
        str | None, typer.Option("--kafka", metavar="HOST:PORT", help="Kafka to follow.")
    ] = None,
    once: Annotated[
        bool, typer.Option("--once", help="End when all there is has been read; do not follow.")
    ] = False,
    images: Annotated[
        Path | None,
        typer.Option("--images", metavar="DIR", help="With --state: its photos, for thumbnails."),
    ] = None,
    anew: Annotated[
        bool, typer.Option("--anew", help="Empty the database first, and read from the start.")
    ] = False,
    layout: Map = None,
    config: Config = None,
) -> None:
    """Keep a database in which everything can be looked up: the read model (extra `[serve]`).

    From a state directory it is brought up to date, and the command ends. From Kafka it follows
    the journal until stopped, and makes thumbnails of the photos that the topic of images still
    has. It decides nothing, and can be made anew at any time; docs/view.md tells what is in it.

    Example: cairn view --kafka localhost:9092 --to sqlite:///view.db
    """
    if (state is None) == (kafka is None):
        raise Misconfigured("give --state DIR or --kafka HOST:PORT")
    if images is not None and state is None:
        raise Misconfigured("--images DIR goes with --state DIR")
    with extra("serve", "the read model"):
        from cairn import viewing  # noqa: PLC0415  needs the extra
    settings = settings_of(
        config,
        kafka__bootstrap=kafka,
        serve__map=layout,
        state__directory=None if state is None else str(state),
    )
    start_logging(settings.log)
    with stopping() as stop:
        if state is not None:
            told = viewing.view_state(settings, to, stop, images=images, anew=anew)
        else:
            told = viewing.view_kafka(settings, to, stop, anew=anew, once=once)
    Console(stderr=True).print(printable(f"{told} outcomes and refusals told"), soft_wrap=True)
