"""`cairn models`: the registry of encoders."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from cairn.compose import limits_of
from cairn.models import CARD, Entry, add_to, entries, parse_fields, verified
from cairn.options import Config, settings_of
from cairn.sections import Guards
from engine.errors import BadImage, Misconfigured
from engine.types import Rgb
from engine.vision.card import EncoderCard, draft_card, load_card, write_card, write_center
from engine.vision.decode import decode
from engine.vision.onnx_encoder import fit_center, load_encoder

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
    model: Annotated[Path, typer.Argument(help="An ONNX image encoder.")],
    name: Annotated[
        str | None, typer.Option(help="Name in the registry; default: the file's.")
    ] = None,
    card: Annotated[Path | None, typer.Option(help="Its card, TOML; default: drafted.")] = None,
    field: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="NAME=VALUE", help="A field of the card, such as licence=MIT."
        ),
    ] = None,
    center_on: Annotated[
        Path | None,
        typer.Option(help="Folder of typical photos whose mean feature is subtracted."),
    ] = None,
    config: Config = None,
) -> None:
    """Add an encoder with a card that says how to feed it.

    Example: cairn models add net.onnx --set licence=MIT --set source=me --set scale=0.0078431
    --set "mean=[1,1,1]" --set "std=[1,1,1]" --center-on photos/
    """
    settings = settings_of(config)
    fields = parse_fields(field or [])
    drafted = load_card(card) if card is not None else draft_card(model, fields)
    folder = add_to(settings.models.directory, name or model.stem, model, drafted)
    if center_on is not None:
        _center(folder, drafted, _photos(center_on, settings.guards))
    typer.echo(f"added {folder.name}: cairn cluster DIR --encoder {folder.name}")


def _center(folder: Path, card: EncoderCard, photos: Iterable[Rgb]) -> None:
    center = fit_center(load_encoder(folder / CARD, threads=1), photos)
    entry = write_center(folder / "center.f32", center)
    write_card(folder / CARD, card.model_copy(update={"center": entry}))


def _photos(directory: Path, guards: Guards) -> Iterator[Rgb]:
    for path in sorted(directory.rglob("*")):
        if path.is_file():
            try:
                yield decode(path.read_bytes(), limits_of(guards)).image
            except BadImage:
                continue


def _table(found: Iterable[Entry], title: str) -> Table:
    table = Table("name", "dim", "licence", "state", title=title)
    table.add_row("builtin", "", "Apache-2.0", "comes with Cairn")
    for entry in found:
        dim = str(entry.card.dim) if entry.card else ""
        licence = entry.card.licence if entry.card else ""
        table.add_row(entry.name, dim, licence, entry.fault or "ok")
    return table
