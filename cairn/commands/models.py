"""`cairn models`: the registry of models."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from cairn.compose import limits_of
from cairn.exporting import PHOTOS, Order, export_model
from cairn.kinds import KINDS, any_card
from cairn.models import BUILTIN, Entry, add_to, entries, parse_fields, verified
from cairn.options import Config, settings_of
from cairn.sections import Guards
from engine.errors import BadImage, Misconfigured
from engine.types import Rgb
from engine.vision.builtin import BuiltinEncoder
from engine.vision.card import EncoderCard, ModelCard, draft_card, kind_of
from engine.vision.clip_text import TextEncoderCard
from engine.vision.decode import decode
from engine.vision.face_detector import FaceDetectorCard
from engine.vision.upscale import UpscalerCard
from engine.vision.xfeat import LocalFeaturesCard
from engine.vision.yolo import DetectorCard
from producer.synthetic import make_samples

app = typer.Typer(help="Models: list them, add an ONNX file, export one, verify what is there.")
ENCODER = kind_of(EncoderCard)
_USE = {
    ENCODER: ": cairn cluster DIR --encoder {name}",
    kind_of(DetectorCard): ": name it in a profile (profiles.NAME.detector)",
    kind_of(UpscalerCard): ": name it in a profile (profiles.NAME.upscaler)",
    kind_of(FaceDetectorCard): ": cairn cluster DIR --profile face (profiles.face.detector)",
    kind_of(LocalFeaturesCard): ": name it in a profile (profiles.place.features = 'sift+{name}')",
    kind_of(TextEncoderCard): ": cairn label --text {name} ...",
}


@app.command("list")
def list_models(config: Config = None) -> None:
    """Show every model, by the name that settings and options take.

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
    model: Annotated[Path, typer.Argument(metavar="FILE", help="An ONNX model.")],
    name: Annotated[
        str | None, typer.Option(metavar="NAME", help="Name in the registry; default: the file's.")
    ] = None,
    kind: Annotated[
        str, typer.Option(metavar="KIND", help=f"What it is: {', '.join(KINDS)}.")
    ] = ENCODER,
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
    """Add a model with a card that says how to feed it.

    A pixel value p of 0 to 255 enters the model as (p * scale - mean) / std.

    Example: cairn models add net.onnx --set licence=MIT --set source=me --center-on photos/
    --set scale=0.00784313725 --set "mean=[1,1,1]" --set "std=[1,1,1]"
    """
    settings = settings_of(config)
    typical = None if center_on is None else _photos(center_on, settings.guards)
    drafted = _card(model, kind, card, field or [])
    wanted = model.stem if name is None else name
    folder = add_to(settings.models.directory, wanted, model, drafted, typical)
    use = _USE.get(drafted.kind, "").format(name=folder.name)
    typer.echo(f"added {folder.name}{use}")


@app.command("export")
def export(
    model: Annotated[
        str, typer.Argument(metavar="NAME", help="Such as ViT-B-32, yolo11n, yolov8n-seg, imdn.")
    ],
    checkpoint: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Its weights; default: fetched from where they are."),
    ] = None,
    int8: Annotated[bool, typer.Option("--int8", help="8-bit weights, for CPUs.")] = False,
    fp16: Annotated[bool, typer.Option("--fp16", help="16-bit floats, for GPUs.")] = False,
    name: Annotated[
        str | None, typer.Option(metavar="NAME", help="Name in the registry; default: the model's.")
    ] = None,
    licence: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Licence of the weights, if not the usual.")
    ] = None,
    images: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Photos to check it on; default: drawn ones."),
    ] = None,
    config: Config = None,
) -> None:
    """Turn a model of PyTorch into ONNX, check that both agree on photos, and add it.

    Models of open_clip (NAME or NAME:WEIGHTS; CLIP brings its text tower along), timm,
    Ultralytics (YOLOv8, YOLO11, YOLOv10; detection and segmentation) and IMDN. Needs
    `make export-env`. Checkpoints are read without running anything that they contain.

    Example: .venv-export/bin/cairn models export ViT-B-32 --int8
    """
    if int8 and fp16:
        raise Misconfigured("give --int8 or --fp16, not both")
    if checkpoint is not None and not checkpoint.is_file():
        raise Misconfigured(f"--checkpoint {checkpoint}: there is no such file")
    settings = settings_of(config)
    order = Order(model, checkpoint, "int8" if int8 else "fp16" if fp16 else "fp32", name, licence)
    photos = _photos(images, settings.guards) if images else _drawn(settings.guards)
    tried = list(islice(photos, PHOTOS))
    if not tried:
        raise Misconfigured(f"--images {images}: {images} holds no photo")
    for line in export_model(order, settings.models.directory, tried):
        typer.echo(line)


def _drawn(guards: Guards) -> Iterator[Rgb]:
    with tempfile.TemporaryDirectory() as scratch:
        make_samples(Path(scratch), sites=2, singles=1)
        yield from _photos(Path(scratch), guards)


def _card(model: Path, kind: str, card: Path | None, fields: list[str]) -> ModelCard:
    if kind not in KINDS:
        raise Misconfigured(f"--kind {kind}: there is no such kind; known: {', '.join(KINDS)}")
    if card is None:
        return draft_card(model, KINDS[kind].form, parse_fields(fields))
    if fields:
        raise Misconfigured("give --card or --set, not both: the card has every field already")
    return any_card(card)


def _photos(directory: Path, guards: Guards) -> Iterator[Rgb]:
    if not directory.is_dir():
        raise Misconfigured(f"{directory} is no folder with photos")
    for path in sorted(directory.rglob("*")):
        if path.is_file():
            try:
                yield decode(path.read_bytes(), limits_of(guards)).image
            except BadImage:
                continue


def _table(found: Iterable[Entry], title: str) -> Table:
    table = Table("name", "kind", "dim", "licence", Column("state", overflow="fold"), title=title)
    table.add_row(BUILTIN, ENCODER, str(BuiltinEncoder().dim), "Apache-2.0", "comes with Cairn")
    for entry in found:
        card = entry.card
        told = (card.kind, str(getattr(card, "dim", "")), card.licence) if card else ("", "", "")
        table.add_row(*map(escape, (entry.name, *told, entry.fault or "ok")))
    return table
