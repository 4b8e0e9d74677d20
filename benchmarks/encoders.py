"""The encoders and framings that benchmarks compare, made of what the shared folder holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.features import SHARED, cache_folder
from cairn.compose import limits_of
from cairn.framings import framing_of
from cairn.models import add_to, open_encoder
from cairn.sections import Guards
from engine.ports import Encoder, Framing
from engine.profile import PROFILES
from engine.types import Rgb
from engine.vision.card import EncoderCard, ModelCard, draft_card
from engine.vision.decode import decode
from engine.vision.face_detector import FaceDetectorCard

ENCODERS = ("builtin", "mobilenetv2")
FACE_ENCODER = "mobilefacenet"
FACE_DETECTORS = ("yunet", "blazeface")
CENTRE_PHOTOS = 2000
"""How many photos the centre of a model is fitted on: training ones, none that are judged."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """A model of the shared folder. fields: of its card; centred: whether that needs a centre."""

    file: str
    form: type[ModelCard]
    fields: Mapping[str, object]
    centred: bool = False


_UNIT = (1.0, 1.0, 1.0)
_RECIPES = {
    "mobilenetv2": Recipe(
        "mobilenetv2/mobilenetv2_imagenet_features.onnx",
        EncoderCard,
        {
            "licence": "Apache-2.0",
            "source": "TensorFlow MobileNetV2 1.0 224, pooled features",
            "size": (224, 224),
            "resize": "squash",
            "scale": 1 / 127.5,
            "mean": _UNIT,
            "std": _UNIT,
        },
        centred=True,
    ),
    "mobilefacenet": Recipe(
        "mobilefacenet/mobilefacenet.onnx",
        EncoderCard,
        {
            "licence": "unknown",
            "source": "MobileFaceNet",
            "resize": "squash",
            "scale": 1 / 128,
            "mean": (127.5 / 128,) * 3,
            "std": _UNIT,
        },
    ),
    "yunet": Recipe(
        "yunet/yunet_n_dynamic.onnx",
        FaceDetectorCard,
        {"licence": "Apache-2.0", "source": "libfacedetection.train", "method": "yunet"},
    ),
    "blazeface": Recipe(
        "blazeface/face_detection_short_range.onnx",
        FaceDetectorCard,
        {"licence": "Apache-2.0", "source": "MediaPipe", "method": "blazeface"},
    ),
}


def registry() -> Path:
    """Where the models of benchmarks lie."""
    return cache_folder() / "models"


def encoder_for(name: str) -> Encoder:
    """An encoder; its card is drafted and its centre fitted the first time."""
    if name in _RECIPES:
        ready(name)
    return open_encoder(name, registry())


def face_framing(detector: str = "yunet") -> Framing:
    """Aligned faces, as the profile `face` makes them."""
    ready(detector)
    return framing_of(replace(PROFILES["face"], detector=detector), registry())


def ready(name: str) -> None:
    """Add a model to the registry, where it is not there yet."""
    if not (registry() / name).exists():
        recipe = _RECIPES[name]
        model = SHARED / "models" / recipe.file
        card = draft_card(model, recipe.form, recipe.fields)
        add_to(registry(), name, model, card, _training_photos() if recipe.centred else None)


def _training_photos() -> Iterator[Rgb]:
    photos = sorted((SHARED / "data" / "train").glob("*.jpg"))
    for photo in photos[:: max(1, len(photos) // CENTRE_PHOTOS)][:CENTRE_PHOTOS]:
        yield decode(photo.read_bytes(), limits_of(Guards())).image
