"""`cairn correct`: what a person knows better, onto a state directory or into Kafka."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, TypeAlias

import typer
from rich.console import Console

from cairn.correction import (
    correct_state,
    correction_of,
    send_correction,
    spool_correction,
    utf8,
)
from cairn.folder_run import ONE_SCOPE
from cairn.options import Config, Encoder, Profile, settings_of
from cairn.report import printable
from cairn.sections import Settings
from engine.commands import (
    ConfirmCluster,
    ForgetImage,
    LinkItems,
    MergeClusters,
    MoveItems,
    NameCluster,
    Order,
    RegroupCluster,
    SplitCluster,
    UndoCommand,
)
from engine.errors import Misconfigured, StateInUse
from engine.wire import EVENT_TYPES, subject

Cluster: TypeAlias = Annotated[
    str, typer.Argument(metavar="CLUSTER", help="Id of a cluster; a retired one leads on.")
]
Items: TypeAlias = Annotated[
    list[str], typer.Argument(metavar="ITEM...", help="Ids of items, IMAGE#K.")
]
Item: TypeAlias = Annotated[str, typer.Argument(metavar="ITEM", help="Id of an item, IMAGE#K.")]

app = typer.Typer(no_args_is_help=True)


@dataclass(frozen=True, slots=True)
class _Desk:
    """Where commands of this call go and what they have in common."""

    settings: Settings
    scope: str
    command_id: str | None
    author: str
    remote: bool

    def send(self, order: Order) -> None:
        """Carry the order out, or hand it to the workers, and say what became of it."""
        correction = correction_of(order, self.scope, self.command_id, self.author)
        console = Console(stderr=True)
        if self.remote:
            send_correction(self.settings, correction)
            console.print(printable(f"sent command {correction.command_id}"), soft_wrap=True)
            return
        try:
            batch = correct_state(self.settings, correction)
        except StateInUse:
            spool_correction(self.settings, correction)
            told = f"left command {correction.command_id} for the worker that is running"
            console.print(printable(told), soft_wrap=True)
            return
        events = [event for outcome in batch.outcomes for event in outcome.events]
        for event in events:
            line = f"{EVENT_TYPES[type(event.change)]} {subject(event)}"
            console.print(printable(line), soft_wrap=True)
        done = "done" if events else "nothing to change"
        console.print(printable(f"{done}: command {correction.command_id}"), soft_wrap=True)


@app.callback()
def _options(
    context: typer.Context,
    state: Annotated[
        Path | None,
        typer.Option("--state", metavar="DIR", help="State directory of `cairn run`."),
    ] = None,
    kafka: Annotated[
        str | None,
        typer.Option("--kafka", metavar="HOST:PORT", help="Kafka, to send the command to workers."),
    ] = None,
    scope: Annotated[str, typer.Option("--scope", help="Scope of the clusters.")] = ONE_SCOPE,
    command_id: Annotated[
        str | None,
        typer.Option(
            "--id", metavar="ID", help="Id of the command: the same one is carried out once."
        ),
    ] = None,
    author: Annotated[str, typer.Option("--author", help="Who says so; told in the events.")] = "",
    profile: Profile = None,
    encoder: Encoder = None,
    config: Config = None,
) -> None:
    """Correct clusters: merge, split, move, name, link, forget, undo.

    Every command can be undone but `forget`. What people say holds whatever is learned later.
    A worker that runs on the state carries the command out; events.jsonl or rejected.jsonl in the
    state directory tell what became of it.
    Ids are those of `cairn result` and of the events.

    Example: cairn correct --state cairn-state merge 1f8e0c… 77ab42…

    Example: cairn correct --kafka localhost:9092 --scope site-7 name 1f8e0c… "North gate"
    """
    if state is not None and kafka is not None:
        raise Misconfigured("give --state DIR or --kafka HOST:PORT, not both")
    settings = settings_of(
        config,
        engine__profile=profile,
        engine__encoder=encoder,
        kafka__bootstrap=kafka,
        state__directory=None if state is None else str(state),
    )
    name = None if command_id is None else utf8(command_id)
    context.obj = _Desk(settings, utf8(scope), name, utf8(author), remote=kafka is not None)


@app.command("merge")
def merge(
    context: typer.Context,
    clusters: Annotated[
        list[str], typer.Argument(metavar="CLUSTER...", help="The first keeps its id.")
    ],
) -> None:
    """Say that clusters are the same; they stay together from now on.

    Example: cairn correct --state cairn-state merge 1f8e0c… 77ab42…
    """
    _desk(context).send(MergeClusters(_all(clusters)))


@app.command("split")
def split(context: typer.Context, cluster: Cluster, items: Items) -> None:
    """Say that items of a cluster are something else: they become a cluster of their own.

    Example: cairn correct --state cairn-state split 1f8e0c… IMG_4.jpg#0 IMG_7.jpg#0
    """
    _desk(context).send(SplitCluster(utf8(cluster), _all(items)))


@app.command("move")
def move(
    context: typer.Context,
    items: Items,
    to: Annotated[
        str | None, typer.Option("--to", metavar="CLUSTER", help="Where; not given: a new one.")
    ] = None,
) -> None:
    """Say that items belong on another cluster, or on a new one together.

    Example: cairn correct --state cairn-state move IMG_4.jpg#0 --to 77ab42…
    """
    _desk(context).send(MoveItems(_all(items), None if to is None else utf8(to)))


@app.command("confirm")
def confirm(context: typer.Context, cluster: Cluster) -> None:
    """Say that a cluster is right: it is confirmed and stays together.

    Example: cairn correct --state cairn-state confirm 1f8e0c…
    """
    _desk(context).send(ConfirmCluster(utf8(cluster)))


@app.command("name")
def name(
    context: typer.Context,
    cluster: Cluster,
    text: Annotated[str, typer.Argument(metavar="NAME", help="The name; '' takes it back.")],
) -> None:
    """Say what a cluster shows. Clusters of different names are never merged on evidence.

    Example: cairn correct --state cairn-state name 1f8e0c… "North gate"
    """
    _desk(context).send(NameCluster(utf8(cluster), utf8(text)))


@app.command("must-link")
def must_link(context: typer.Context, item: Item, other: Item) -> None:
    """Say that two items show the same: their clusters become one and stay so.

    Example: cairn correct --state cairn-state must-link IMG_4.jpg#0 IMG_9.jpg#0
    """
    _desk(context).send(LinkItems((utf8(item), utf8(other)), together=True))


@app.command("cannot-link")
def cannot_link(context: typer.Context, item: Item, other: Item) -> None:
    """Say that two items show different things: they are never on one cluster.

    Example: cairn correct --state cairn-state cannot-link IMG_4.jpg#0 IMG_9.jpg#0
    """
    _desk(context).send(LinkItems((utf8(item), utf8(other)), together=False))


@app.command("forget")
def forget(
    context: typer.Context,
    image: Annotated[str, typer.Argument(metavar="IMAGE", help="Id of an image.")],
) -> None:
    """Erase what is kept of an image: vectors, local features, place, time, attributes.

    It cannot be undone. Its id and hash stay, so that it is not taken for new when it comes again.

    Example: cairn correct --state cairn-state forget IMG_4.jpg
    """
    _desk(context).send(ForgetImage(utf8(image)))


@app.command("regroup")
def regroup(context: typer.Context, cluster: Cluster) -> None:
    """Look again at what in a cluster and around it belongs together; places stay as they are.

    Example: cairn correct --state cairn-state regroup 1f8e0c…
    """
    _desk(context).send(RegroupCluster(utf8(cluster)))


@app.command("undo")
def undo(
    context: typer.Context,
    command: Annotated[str, typer.Argument(metavar="COMMAND", help="Id of the command.")],
) -> None:
    """Take a command back; what joined since goes along. Refused where nobody could tell any more.

    Example: cairn correct --state cairn-state undo 9b1deb4d3b7d4bad9bdd2b0d7b3dcb6d
    """
    _desk(context).send(UndoCommand(utf8(command)))


def _desk(context: typer.Context) -> _Desk:
    desk: _Desk = context.obj
    return desk


def _all(arguments: list[str]) -> tuple[str, ...]:
    return tuple(utf8(argument) for argument in arguments)
