"""Image encoders of timm: DINOv2 and whatever else is pretrained there, without its classifier."""

from __future__ import annotations

from collections.abc import Sequence
from pickle import UnpicklingError
from typing import Any

import timm
from timm.data import resolve_data_config

from engine.errors import Misconfigured
from engine.jobs.export_onnx import Plan, Request, bad_weights, no_weights, prepared
from engine.types import Rgb

_RESIZES = {"center": "center-crop", "squash": "squash"}


def knows(name: str) -> bool:
    """Whether timm has a model of this name, its `.tag` of weights aside."""
    return bool(timm.is_model(name))


def plans(request: Request) -> list[Plan]:
    """The one plan; raises Misconfigured where weights are missing or of another model."""
    file = {"file": str(request.checkpoint)} if request.checkpoint else None
    try:
        # timm reads checkpoints with weights_only=True.
        model = timm.create_model(
            request.name, pretrained=True, num_classes=0, pretrained_cfg_overlay=file
        )
    except (OSError, RuntimeError, ValueError, LookupError, UnpicklingError) as error:
        if request.checkpoint is None:
            raise no_weights(request.name, error) from error
        raise bad_weights(request.name, request.checkpoint, error) from error
    licence = model.pretrained_cfg.get("license") or "as published with the weights"
    return [backbone(request.name, model, request.notes(licence, "timm"), request.photos)]


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
