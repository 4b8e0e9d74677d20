"""`cairn state`: look into a state directory, check it, embed it anew."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing
from itertools import chain
from pathlib import Path
from typing import Annotated, TypeAlias

import typer
from rich.console import Console
from rich.table import Table

from cairn.folder_run import VIEW_FILE
from cairn.journal_check import compared
from cairn.options import Config, Encoder, Workers, settings_of
from cairn.reembed import reembedded
from cairn.report import printable
from consumer.journal import JOURNAL
from engine.book import Book, ScopeBook
from engine.errors import Misconfigured
from engine.types import ImageRecord, Origin
from state.audit import audit
from state.records import VERSION
from state.snapshot_file import Unfit
from state.survey import NoIndex, StateFile, open_state

SCOPES_SHOWN = 30
FILES = "file:"
"""How the source of a position begins that is a photo of a folder."""

State: TypeAlias = Annotated[
    Path | None,
    typer.Argument(
        metavar="STATE",
        help="State directory of `cairn run`, or one file in it; default: state.directory.",
    ),
]

app = typer.Typer(help="State: what it was made with, whether it is sound, another encoder.")


@app.command("inspect")
def inspect(state: State = None, config: Config = None) -> None:
    """Show what a state was made with and what it holds. Stop its worker first.

    Example: cairn state inspect cairn-state/
    """
    console = Console()
    with ExitStack() as opened:
        for one in _open(state, config, opened):
            _show(one, console)


@app.command("verify")
def verify(
    state: State = None,
    kafka: Annotated[
        str | None,
        typer.Option(
            "--kafka",
            metavar="HOST:PORT",
            help="Compare a worker's copies with the journal as well; default: kafka.bootstrap.",
        ),
    ] = None,
    config: Config = None,
) -> None:
    """Read every record, replay everything, compare the counts. Stop its worker first.

    Where a Kafka is named, every copy is compared with its partition of the journal, record by
    record. One line for each fault; exit status 1 where there is one. Snapshots are checked too,
    but nothing is lost with one.

    Example: cairn state verify cairn-state/ --kafka localhost:9092
    """
    console = Console()
    settings = settings_of(config, kafka__bootstrap=kafka).kafka
    faults = 0
    with ExitStack() as opened:
        for one in _open(state, config, opened):
            for fault in chain(audit(one), compared(one, settings)):
                faults += 1
                console.print(printable(f"{one.path}: {fault}"), soft_wrap=True)
            rows = ", ".join(f"{count} {kind}" for kind, count in one.counts().items())
            console.print(printable(f"{one.path}: read {rows}"), soft_wrap=True)
            for fault in one.snapshots.faults():
                note = f"{one.path}: {fault}; that is harmless, the next start removes it"
                console.print(printable(note), soft_wrap=True)
    if faults:
        raise Misconfigured(
            f"{faults} faults: restore the state from a backup, or move it away and start over (a "
            "worker over Kafka makes its copies anew)"
        )
    console.print("sound")


@app.command("reembed")
def reembed(
    images: Annotated[
        Path,
        typer.Option("--images", metavar="DIR", help="Folder with every photo of the state."),
    ],
    state: State = None,
    encoder: Encoder = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", metavar="NEW_STATE", help="Directory to make; default: STATE-new."
        ),
    ] = None,
    workers: Workers = None,
    config: Config = None,
) -> None:
    """Move a state to another encoder: every photo on its cluster, every cluster under its id.

    Nothing is decided anew; only vectors and local features change. Photos are told by their
    content, whatever their names. The old state stays as it is. Stop its worker first.

    Example: cairn state reembed cairn-state/ --images inbox/ --encoder mobilenetv2
    """
    settings = settings_of(config, engine__encoder=encoder, engine__workers=workers)
    console = Console(stderr=True)
    with ExitStack() as opened:
        states = list(_open(state, config, opened))
        target = output or Path(f"{states[0].path.parent}-new")
        identity = reembedded(states, images, target, settings, console)
        journals = [one.path.name for one in states if _follows_a_journal(one)]
    console.print(printable(f"wrote {target}, made with {identity}"), soft_wrap=True)
    for name in journals:
        console.print(
            printable(f"{name} is a copy of a Kafka journal, which still has the old vectors"),
            style="yellow",
            soft_wrap=True,
        )


def _open(state: Path | None, config: Path | None, opened: ExitStack) -> Iterator[StateFile]:
    """Open the state files of a directory, one after the other; raises Misconfigured."""
    chosen = settings_of(config).state.directory if state is None else state
    there = (path for path in chosen.glob("*.sqlite") if path.name != VIEW_FILE)
    paths = [chosen] if chosen.is_file() else sorted(there)
    if not paths:
        raise Misconfigured(f"there is no state in {chosen}: name what `cairn run --state` names")
    for path in paths:
        yield opened.enter_context(closing(open_state(path)))


def _show(state: StateFile, console: Console) -> None:
    book, images = Book(NoIndex), Counter[str]()
    for outcome in state.store.outcomes():
        book.apply(outcome)
        images[outcome.scope] += isinstance(outcome.cause, ImageRecord)
    counts = state.counts()
    facts = {
        "state": f"{state.path}, {state.path.stat().st_size / 1e6:.1f} MB",
        "made with": state.identity,
        "format": f"schema {state.schema}, records {VERSION}",
        "images": f"{counts['outcomes'] - counts['commands']}, and {counts['rejections']} refused",
        "corrections": str(counts["commands"]),
        "exemplars": f"{counts['features']} with local features",
        "scopes": str(len(book.scopes())),
    }
    table = Table("", "", show_header=False, box=None)
    for name, value in (*facts.items(), *_snapshots(state), *_positions(state.positions())):
        table.add_row(name, printable(value))
    console.print(table)
    console.print(_scopes(book, images))


def _snapshots(state: StateFile) -> Iterator[tuple[str, str]]:
    """What would spare a restart the building of indexes."""
    for found in state.snapshots.found():
        if isinstance(found.says, Unfit):
            yield "snapshot", f"{found.path.name} is of no use: {found.says}"
        else:
            says, age_h = found.says, found.age_s / 3600
            what = f"of {says.labels} prototypes after {says.covered.rows} outcomes"
            yield "snapshot", f"{what}, {says.size / 1e6:.1f} MB, {age_h:.1f} h old"


def _positions(origins: Iterator[Origin]) -> Iterator[tuple[str, str]]:
    """How far each source was read; the files of a folder are counted."""
    files = 0
    for origin in origins:
        if origin.source.startswith(FILES):
            files += 1
        else:
            yield f"read of {origin.source}", f"partition {origin.partition} to {origin.offset}"
    if files:
        yield "read", f"{files} files"


def _scopes(book: Book, images: Counter[str]) -> Table:
    """The largest scopes and, below, all of them together."""
    columns = ("images", "confirmed", "pending", "retired", "prototypes")
    table = Table("scope", *columns, show_footer=True)
    rows = {name: _row(scope, images[name]) for name, scope in book.scopes().items()}
    for name, _ in images.most_common(SCOPES_SHOWN):
        table.add_row(printable(name), *map(str, rows[name]))
    table.columns[0].footer = "all"
    totals = [sum(column) for column in zip(*rows.values(), strict=True)] or [0] * len(columns)
    for column, total in zip(table.columns[1:], totals, strict=True):
        column.footer = str(total)
    return table


def _row(scope: ScopeBook, images: int) -> tuple[int, ...]:
    living = len(scope.clusters)
    retired = len(scope.redirects)
    return images, scope.confirmed, living - scope.confirmed, retired, len(scope.owners)


def _follows_a_journal(state: StateFile) -> bool:
    return any(origin.source == JOURNAL for origin in state.positions())
