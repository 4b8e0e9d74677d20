"""What kinds of models the registry holds: the form of their cards, and what opens them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.errors import Misconfigured
from engine.vision.card import EncoderCard, ModelCard, checked_card, kind_of, read_fields
from engine.vision.clip_text import TextEncoderCard, load_text_encoder
from engine.vision.face_detector import FaceDetectorCard, load_face_detector
from engine.vision.onnx_encoder import load_encoder
from engine.vision.upscale import UpscalerCard, load_upscaler
from engine.vision.xfeat import LocalFeaturesCard, load_xfeat
from engine.vision.yolo import DetectorCard, load_detector


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of model.

    open: given a card's path and the threads within one run, opens the model beside it and runs
    it once; raises Misconfigured where it is not what its card says.
    """

    form: type[ModelCard]
    open: Callable[[Path, int], object]


_KINDS = (
    Kind(EncoderCard, load_encoder),
    Kind(TextEncoderCard, load_text_encoder),
    Kind(DetectorCard, load_detector),
    Kind(UpscalerCard, load_upscaler),
    Kind(FaceDetectorCard, load_face_detector),
    Kind(LocalFeaturesCard, load_xfeat),
)
KINDS: Mapping[str, Kind] = {kind_of(kind.form): kind for kind in _KINDS}


def any_card(path: Path) -> ModelCard:
    """Read a card of whatever kind it names; raises Misconfigured."""
    fields = read_fields(path)
    return checked_card(fields, _named(fields, path).form, str(path))


def open_model(path: Path, threads: int) -> object:
    """Open the model beside a card and run it once; raises Misconfigured where it is unsound."""
    return _named(read_fields(path), path).open(path, threads)


def _named(fields: Mapping[str, Any], path: Path) -> Kind:
    kind = fields.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        raise Misconfigured(f"model card {path}: kind = {kind!r}; known: {', '.join(KINDS)}")
    return KINDS[kind]
