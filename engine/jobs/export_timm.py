"""Image encoders of timm: DINOv2 and whatever else is pretrained there, without its classifier."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from pickle import UnpicklingError
from typing import Any

import timm
from timm.data import resolve_data_config
from timm.models import load_checkpoint

from engine.errors import Misconfigured
from engine.jobs.export_onnx import Plan, Request, bad_weights, no_weights, prepared
from engine.types import Rgb

_UNREADABLE = (
    *(AttributeError, LookupError, OSError, RuntimeError),
    *(TypeError, UnpicklingError, ValueError),
)
_RESIZES = {"center": "center-crop", "squash": "squash"}


def knows(name: str) -> bool:
    """Whether timm has a model of this name, its `.tag` of weights aside."""
    return bool(timm.is_model(name))


def plans(request: Request) -> list[Plan]:
    """The one plan; raises Misconfigured where weights are missing or of another model."""
    model = _fetched(request.name) if request.checkpoint is None else _read(request)
    licence = model.pretrained_cfg.get("license") or "as published with the weights"
    return [backbone(request.name, model, request.notes(licence, "timm"), request.photos)]


def _fetched(name: str) -> Any:
    try:
        return timm.create_model(name, pretrained=True, num_classes=0)
    except (OSError, RuntimeError) as error:
        raise no_weights(name, error) from error


def _read(request: Request) -> Any:
    """A model filled from a file, completely: timm by itself would leave the rest at random."""
    model = timm.create_model(request.name, pretrained=False, num_classes=0)
    translate = getattr(import_module(type(model).__module__), "checkpoint_filter_fn", None)
    try:
        found = load_checkpoint(
            model, str(request.checkpoint), strict=False, filter_fn=translate, weights_only=True
        )
    except _UNREADABLE as error:
        raise bad_weights(request.name, request.checkpoint, error) from error
    if found.missing_keys:
        lacking = f"it lacks {', '.join(found.missing_keys[:3])}"
        raise bad_weights(request.name, request.checkpoint, lacking)
    return model


def backbone(name: str, model: Any, notes: dict[str, object], photos: Sequence[Rgb]) -> Plan:
    """A plan for a backbone that gives pooled features; raises Misconfigured."""
    fields = notes | image_fields(resolve_data_config({}, model=model))
    return Plan(name, "image-encoder", fields, model.eval(), prepared(photos, fields))


def image_fields(transform: dict[str, Any]) -> dict[str, object]:
    """Fields of a card that say what timm's own transform does; raises Misconfigured."""
    if transform["crop_mode"] not in _RESIZES:
        raise Misconfigured(f"models that pad ({transform['crop_mode']}) cannot be exported yet")
    return {
        "input": "pixels",
        "size": tuple(transform["input_size"][1:]),
        "resize": _RESIZES[transform["crop_mode"]],
        "crop": transform["crop_pct"],
        "interpolation": transform["interpolation"],
        "mean": tuple(transform["mean"]),
        "std": tuple(transform["std"]),
    }
