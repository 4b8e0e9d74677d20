"""`cairn models`: the registry of encoders."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from cairn.compose import limits_of
from cairn.models import BUILTIN, Entry, add_to, entries, parse_fields, verified
from cairn.options import Config, settings_of
from cairn.sections import Guards
from engine.errors import BadImage, Misconfigured
from engine.types import Rgb
from engine.vision.builtin import BuiltinEncoder
from engine.vision.card import EncoderCard, draft_card, load_card
from engine.vision.decode import decode

app = typer.Typer(help="Encoders: list them, add an ONNX file, verify what is there.")


@app.command("list")
def list_models(config: Config = None) -> None:
    """Show every encoder that `--encoder` takes by name.

    Example: cairn models list
    """
    registry = settings_of(config).models.directory
    Console().print(_table(entries(registry), f"Models in {registry}"))


@app.command("verify")
def verify(config: Config = None) -> None:
    """Open every model of the registry and check its sha256.

    Example: cairn models verify
    """
    registry = settings_of(config).models.directory
    found = list(verified(registry))
    Console().print(_table(found, f"Models in {registry}"))
    if any(entry.fault for entry in found):
        raise Misconfigured("not every model is as its card says; remove it and add it anew")


@app.command("add")
def add(
    model: Annotated[Path, typer.Argument(metavar="FILE", help="An ONNX image encoder.")],
    name: Annotated[
        str | None, typer.Option(metavar="NAME", help="Name in the registry; default: the file's.")
    ] = None,
    card: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Its card, TOML; default: drafted.")
    ] = None,
    field: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="NAME=VALUE", help="A field of the card, such as licence=MIT."
        ),
    ] = None,
    center_on: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Folder of typical photos whose mean feature is subtracted."
        ),
    ] = None,
    config: Config = None,
) -> None:
    """Add an encoder with a card that says how to feed it.

    A pixel value p of 0 to 255 enters the model as (p * scale - mean) / std.

    Example: cairn models add net.onnx --set licence=MIT --set source=me --center-on photos/
    --set scale=0.00784313725 --set "mean=[1,1,1]" --set "std=[1,1,1]"
    """
    settings = settings_of(config)
    typical = None if center_on is None else _photos(center_on, settings.guards)
    drafted = _card(model, card, field or [])
    wanted = model.stem if name is None else name
    folder = add_to(settings.models.directory, wanted, model, drafted, typical)
    typer.echo(f"added {folder.name}: cairn cluster DIR --encoder {folder.name}")


def _card(model: Path, card: Path | None, fields: list[str]) -> EncoderCard:
    if card is None:
        return draft_card(model, parse_fields(fields))
    if fields:
        raise Misconfigured("give --card or --set, not both: the card has every field already")
    return load_card(card)


def _photos(directory: Path, guards: Guards) -> Iterator[Rgb]:
    if not directory.is_dir():
        raise Misconfigured(f"{directory} is no folder: --center-on takes one with photos")
    for path in sorted(directory.rglob("*")):
        if path.is_file():
            try:
                yield decode(path.read_bytes(), limits_of(guards)).image
            except BadImage:
                continue


def _table(found: Iterable[Entry], title: str) -> Table:
    table = Table("name", "dim", "licence", Column("state", overflow="fold"), title=title)
    table.add_row(BUILTIN, str(BuiltinEncoder().dim), "Apache-2.0", "comes with Cairn")
    for entry in found:
        dim = str(entry.card.dim) if entry.card else ""
        licence = entry.card.licence if entry.card else ""
        table.add_row(*map(escape, (entry.name, dim, licence, entry.fault or "ok")))
    return table
