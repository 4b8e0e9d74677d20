"""The command line: `cairn --help` names everything.

The one boundary where errors become a line for a person and an exit status.
"""

from __future__ import annotations

import signal
import sys
from typing import Annotated

import typer

import cairn
from cairn.collector import spare_survivors
from cairn.commands import (
    cluster,
    compare,
    correct,
    dead_letters,
    demo,
    evaluate,
    identify,
    label,
    models,
    produce,
    report,
    result,
    run,
    serve,
    state,
    topics,
    train,
    view,
)
from engine.errors import CairnError

app = typer.Typer(
    name="cairn",
    help="Cairn, the streaming online image clusterer: every photo on the right pile.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)
app.command("demo")(demo.demo)
app.command("run")(run.run)
app.command("produce")(produce.produce)
app.command("cluster")(cluster.cluster)
app.command("compare")(compare.compare_photos)
app.command("evaluate")(evaluate.evaluate)
app.command("identify")(identify.identify)
app.command("result")(result.result)
app.command("report")(report.report)
app.command("view")(view.view)
app.command("serve")(serve.serve)
app.command("label")(label.label)
app.add_typer(correct.app, name="correct")
app.add_typer(models.app, name="models")
app.add_typer(state.app, name="state")
app.add_typer(train.app, name="train")
app.add_typer(topics.app, name="topics")
app.add_typer(dead_letters.app, name="dead-letters")


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"cairn {cairn.__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, help="Print the version and exit."
        ),
    ] = False,
) -> None:
    pass


def main() -> None:
    """Run a command; exit 0 when it worked, 1 with one line when it could not, 130 on Ctrl-C."""
    spare_survivors()
    # Unwinds, unlike the default: scratch files go.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    try:
        app()
    except CairnError as error:
        typer.secho(f"cairn: {' '.join(str(error).split())}", fg="red", err=True)
        sys.exit(1)
