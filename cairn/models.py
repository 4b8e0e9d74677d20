"""The model registry: a directory with one folder per model, each with its card."""

from __future__ import annotations

import shutil
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from engine.errors import CairnError, Misconfigured
from engine.ports import Encoder
from engine.vision.builtin import BuiltinEncoder
from engine.vision.card import EncoderCard, Similarity, load_card, write_card
from engine.vision.onnx_encoder import load_encoder

BUILTIN = "builtin"
CARD = "card.toml"
THREADS = 1
"""Threads inside one run: the pipeline runs as many images at once as there are cores."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One model of the registry. `fault` says what is wrong with it, None where all is well."""

    name: str
    card: EncoderCard | None
    fault: str | None = None


def open_encoder(name: str, registry: Path) -> tuple[Encoder, Similarity | None]:
    """The encoder of that name or file, and the cosines its card calls same and different.

    name: `builtin`, a model of the registry, a card (`.toml`), or a model file with its card
    beside it under the same name. Raises Misconfigured.
    """
    if name == BUILTIN:
        return BuiltinEncoder(), None
    encoder = load_encoder(_card_of(name, registry), THREADS)
    return encoder, encoder.card.similarity


def _card_of(name: str, registry: Path) -> Path:
    file = Path(name)
    if file.suffix == ".toml":
        return file
    if file.suffix == ".onnx":
        card = file.with_suffix(".toml")
        if not card.is_file():
            raise Misconfigured(
                f"{file} has no model card beside it ({card.name}): "
                f"write one, or run: cairn models add {file}"
            )
        return card
    card = registry / name / CARD
    if not card.is_file():
        known = ", ".join([BUILTIN, *(entry.name for entry in entries(registry))])
        raise Misconfigured(f"there is no encoder {name!r} in {registry}; known: {known}")
    return card


def entries(registry: Path) -> Iterator[Entry]:
    """Every model of the registry, by name; cards are read, models are not."""
    for card in sorted(registry.glob(f"*/{CARD}")):
        try:
            yield Entry(card.parent.name, load_card(card))
        except CairnError as error:
            yield Entry(card.parent.name, None, str(error))


def verified(registry: Path) -> Iterator[Entry]:
    """Every model of the registry, opened: hashes checked, inputs and outputs found."""
    for entry in entries(registry):
        if entry.fault is None:
            try:
                load_encoder(registry / entry.name / CARD, THREADS)
            except CairnError as error:
                yield Entry(entry.name, entry.card, str(error))
                continue
        yield entry


def add_to(registry: Path, name: str, model: Path, card: EncoderCard) -> Path:
    """Copy a model into the registry with its card; the folder it now lies in.

    Raises Misconfigured where the name is taken or the model does not open as its card says.
    """
    folder = registry / name
    if folder.exists():
        raise Misconfigured(f"{folder} exists already: remove it, or give another --name")
    folder.mkdir(parents=True)
    try:
        shutil.copyfile(model, folder / card.file)
        write_card(folder / CARD, card)
        load_encoder(folder / CARD, THREADS)
    except (CairnError, OSError):
        shutil.rmtree(folder)
        raise
    return folder


def parse_fields(assignments: list[str]) -> Mapping[str, object]:
    """Card fields from `name=value`; values that are not TOML are taken as text."""
    return dict(_field(assignment) for assignment in assignments)


def _field(assignment: str) -> tuple[str, object]:
    name, separator, text = assignment.partition("=")
    if not separator:
        raise Misconfigured(f"{assignment!r}: write NAME=VALUE, such as scale=0.0078431")
    return name, _value(text)


def _value(text: str) -> object:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text
