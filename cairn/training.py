"""From a folder of people to an encoder in the registry, by way of PyTorch."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cairn.compose import limits_of
from cairn.models import add_to
from cairn.sections import Guards
from engine.errors import BadImage, Misconfigured
from engine.jobs.placements import area
from engine.ports import Framing
from engine.types import Rgb
from engine.vision.card import EncoderCard, draft_card
from engine.vision.decode import decode

LEAST_PEOPLE, LEAST_FACES = 3, 20
_TRIED = 8
"""Faces that the exported file is compared with the network on."""


@dataclass(frozen=True, slots=True, eq=False)
class People:
    """Aligned faces, and the number of each one's person. faceless: photos without a face."""

    faces: list[Rgb]
    numbers: list[int]
    faceless: int


def people_in(folder: Path, framing: Framing, guards: Guards) -> People:
    """The largest face of every photo of a folder with one sub-folder a person.

    Raises Misconfigured where there are too few people or faces to learn from.
    """
    faces: list[Rgb] = []
    numbers: list[int] = []
    faceless = 0
    for number, person in enumerate(_people(folder)):
        for photo in _photos(person, guards):
            views = framing(photo)
            if views:
                faces.append(max(views, key=lambda view: area(view.box)).pixels)
                numbers.append(number)
            faceless += not views
    if len(set(numbers)) < LEAST_PEOPLE or len(faces) < LEAST_FACES:
        raise Misconfigured(
            f"{folder} has {len(faces)} faces of {len(set(numbers))} people: give a folder with "
            f"one sub-folder a person, {LEAST_PEOPLE} people and {LEAST_FACES} faces at least"
        )
    return People(faces, numbers, faceless)


def trained(found: People, name: str, source: str, epochs: int, registry: Path) -> Iterator[str]:
    """Train, export, check and add an encoder; what happens, line by line. Raises Misconfigured."""
    from engine.jobs import export_onnx, train_face  # noqa: PLC0415  they import PyTorch

    network = train_face.FaceEmbeddingNet()
    course = train_face.Course(epochs=epochs)
    for epoch, loss in enumerate(train_face.train(network, found.faces, found.numbers, course), 1):
        yield f"epoch {epoch} of {epochs}: loss {loss:.3f}"
    plan = train_face.plan(network, name, found.faces[:_TRIED], source)
    with tempfile.TemporaryDirectory() as scratch:
        model = Path(scratch, f"{name}.onnx")
        difference = export_onnx.export(plan, model)
        yield f"{name}: differs from PyTorch by {difference:.1e} at most"
        add_to(registry, name, model, draft_card(model, EncoderCard, plan.fields))


def _people(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise Misconfigured(f"{folder} is no folder: give one with one sub-folder a person")
    return sorted(path for path in folder.iterdir() if path.is_dir())


def _photos(folder: Path, guards: Guards) -> Iterator[Rgb]:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            try:
                yield decode(path.read_bytes(), limits_of(guards)).image
            except BadImage:
                continue
