"""The model registry: a directory with one folder per model, each with its card."""

from __future__ import annotations

import re
import shutil
import tempfile
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from cairn.kinds import any_card, open_model
from engine.errors import CairnError, Misconfigured
from engine.ports import Encoder
from engine.types import Rgb
from engine.vision.builtin import BuiltinEncoder
from engine.vision.card import (
    EncoderCard,
    ModelCard,
    PinnedFile,
    kind_of,
    write_card,
    write_center,
)
from engine.vision.clip_text import ClipTextEncoder, TextEncoderCard, load_text_encoder
from engine.vision.face_detector import FaceDetector, FaceDetectorCard, load_face_detector
from engine.vision.onnx_encoder import OnnxEncoder, fit_center, load_encoder
from engine.vision.upscale import Lanczos, Upscaler, UpscalerCard, load_upscaler
from engine.vision.xfeat import LocalFeaturesCard, XFeatExtractor, load_xfeat
from engine.vision.yolo import DetectorCard, YoloDetector, load_detector

BUILTIN = "builtin"
LANCZOS = "lanczos"
CARD = "card.toml"
CENTER = "center.f32"
THREADS = 1
"""Threads inside one run: the pipeline runs as many images at once as there are cores."""

_BUILT_IN: Mapping[type[ModelCard], tuple[str, ...]] = {
    EncoderCard: (BUILTIN,),
    UpscalerCard: (LANCZOS,),
}
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


@dataclass(frozen=True, slots=True)
class Entry:
    """One model of the registry. `fault` says what is wrong with it, None where all is well."""

    name: str
    card: ModelCard | None
    fault: str | None = None


def open_encoder(name: str, registry: Path) -> Encoder:
    """The encoder of that name or file.

    name: `builtin`, a model of the registry, a card (`.toml`), or a model file with its card
    beside it under the same name. Raises Misconfigured.
    """
    if name == BUILTIN:
        return BuiltinEncoder()
    return load_encoder(_card_of(name, registry, EncoderCard), THREADS)


def open_text_encoder(name: str, registry: Path) -> ClipTextEncoder:
    """The text encoder of that name or file, found as an encoder is; raises Misconfigured."""
    return load_text_encoder(_card_of(name, registry, TextEncoderCard), THREADS)


def open_detector(name: str, registry: Path) -> YoloDetector:
    """The detector of that name or file, found as an encoder is; raises Misconfigured."""
    return load_detector(_card_of(name, registry, DetectorCard), THREADS)


def open_upscaler(name: str, registry: Path) -> Upscaler:
    """`lanczos`, or the model of that name or file; raises Misconfigured."""
    if name == LANCZOS:
        return Lanczos()
    return load_upscaler(_card_of(name, registry, UpscalerCard), THREADS)


def open_face_detector(name: str, registry: Path) -> FaceDetector:
    """The face detector of that name or file, found as an encoder is; raises Misconfigured."""
    return load_face_detector(_card_of(name, registry, FaceDetectorCard), THREADS)


def open_local_features(name: str, registry: Path) -> XFeatExtractor:
    """The model of local features of that name or file, as encoders; raises Misconfigured."""
    return load_xfeat(_card_of(name, registry, LocalFeaturesCard), THREADS)


def _card_of(name: str, registry: Path, form: type[ModelCard]) -> Path:
    file = Path(name)
    if file.suffix == ".toml":
        return file
    if file.suffix == ".onnx":
        return _card_beside(file)
    if not _is_name(name) or not (registry / name / CARD).is_file():
        found = (entry.name for entry in entries(registry) if isinstance(entry.card, form))
        known = ", ".join([*_BUILT_IN.get(form, ()), *found]) or "none"
        raise Misconfigured(
            f"there is no {kind_of(form)} {name!r} in {registry}; known: {known}; "
            f"cairn models add FILE --kind {kind_of(form)} brings one"
        )
    return registry / name / CARD


def _card_beside(model: Path) -> Path:
    card = model.with_suffix(".toml")
    if not model.is_file():
        raise Misconfigured(f"there is no model file {model}")
    if not card.is_file():
        raise Misconfigured(
            f"{model} has no model card beside it ({card.name}): "
            f"write one, or run: cairn models add {model}"
        )
    return card


def _is_name(name: str) -> bool:
    """Whether a model can be found by this name: no path, and neither file nor `builtin`."""
    files = (".onnx", ".toml")
    return name != BUILTIN and not name.endswith(files) and bool(_NAME.fullmatch(name))


def entries(registry: Path) -> Iterator[Entry]:
    """Every model of the registry, by name; cards are read, models are not."""
    for card in sorted(registry.glob(f"*/{CARD}")):
        try:
            yield Entry(card.parent.name, any_card(card))
        except CairnError as error:
            yield Entry(card.parent.name, None, str(error))


def verified(registry: Path) -> Iterator[Entry]:
    """Every model of the registry, opened and run once: hashes, inputs and outputs checked."""
    for entry in entries(registry):
        if entry.fault is None:
            try:
                open_model(registry / entry.name / CARD, THREADS)
            except CairnError as error:
                yield Entry(entry.name, entry.card, str(error))
                continue
        yield entry


def add_to(
    registry: Path, name: str, model: Path, card: ModelCard, typical: Iterable[Rgb] | None = None
) -> Path:
    """Copy a model into the registry with its card; the folder it now lies in.

    typical: images whose mean feature becomes the card's center. Raises Misconfigured where the
    name is taken or cannot be one, or the model does not run as its card says; nothing of it
    stays behind then.
    """
    folder = free_folder(registry, name)
    try:
        registry.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=registry, prefix=".adding-") as scratch:
            staged = Path(scratch, name)
            staged.mkdir()
            _fill(staged, model, card, typical)
            staged.rename(folder)
    except OSError as error:
        raise Misconfigured(f"cannot add {model} to {registry}: {error}") from error
    return folder


def free_folder(registry: Path, name: str) -> Path:
    """Where a model of that name would lie; raises Misconfigured where it cannot."""
    if not _is_name(name):
        raise Misconfigured(
            f"a model cannot be called {name!r}: give --name, of letters, digits, '.', '-' and '_'"
        )
    folder = registry / name
    if folder.exists():
        raise Misconfigured(f"{folder} exists already: remove it, or give another --name")
    return folder


def _fill(folder: Path, model: Path, card: ModelCard, typical: Iterable[Rgb] | None) -> None:
    shutil.copyfile(model, folder / card.file)
    for pinned in _pinned(card):
        shutil.copyfile(model.with_name(pinned.file), folder / pinned.file)
    write_card(folder / CARD, card)
    opened = open_model(folder / CARD, THREADS)
    if typical is None:
        return
    if not isinstance(opened, OnnxEncoder):
        raise Misconfigured(f"{model} is no image encoder: only those have a center")
    center = write_center(folder / CENTER, fit_center(opened, typical))
    write_card(folder / CARD, card.model_copy(update={"center": center}))


def _pinned(card: ModelCard) -> list[PinnedFile]:
    """The files beside the card that are part of the model."""
    values = (getattr(card, name) for name in type(card).model_fields)
    return [value for value in values if isinstance(value, PinnedFile)]


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
