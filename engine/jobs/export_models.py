"""Every model that can be exported, by name: planned, written, checked, made smaller."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from engine.errors import Misconfigured
from engine.jobs import export_clip, export_imdn, export_timm, export_yolo
from engine.jobs.export_onnx import TOLERANCE, Plan, Request, bad_weights, export
from engine.jobs.export_small import Precision, cosines, to_fp16, to_int8

_ARRAYS = (".npy", ".npz")
_FAMILIES = (export_yolo, export_imdn, export_clip, export_timm)


@dataclass(frozen=True, slots=True)
class Exported:
    """A file that was accepted, what its card has to say beyond it, and what was measured."""

    file: Path
    kind: str
    fields: Mapping[str, object]
    measured: str


def plans(request: Request) -> list[Plan]:
    """What makes up the model of that name; raises Misconfigured where there is none.

    A `.pt` file under a name of one's own is taken for one of Ultralytics.
    """
    if request.checkpoint is not None and request.checkpoint.suffix in _ARRAYS:
        reason = "of arrays of NumPy nobody can tell whether they are complete"
        raise bad_weights(request.name, request.checkpoint, reason)
    for family in _FAMILIES:
        if family.knows(request.name):
            planned: list[Plan] = family.plans(request)
            return planned
    if request.checkpoint is not None and request.checkpoint.suffix == ".pt":
        return export_yolo.plans(request)
    raise Misconfigured(
        f"there is no model {request.name!r}: give a name of open_clip (ViT-B-32), timm "
        "(vit_small_patch14_dinov2.lvd142m) or Ultralytics (yolo11n, yolov8n-seg), imdn, or any "
        "name with --checkpoint FILE.pt of Ultralytics"
    )


def exported(plan: Plan, folder: Path, name: str, precision: Precision) -> Exported:
    """Write one part of a model as `name` into an empty folder; raises as `export` does."""
    file = folder / f"{name}.onnx"
    difference = export(plan, file)
    measured = f"{name}: differs from PyTorch by {difference:.1e} at most (allowed {TOLERANCE:g})"
    if precision != "fp32":
        measured += f"; {_shrunk(plan, file, precision)}"
    pinned = {field: _beside(folder / f"{field}.json", plan, field) for field in plan.beside}
    return Exported(file, plan.kind, {**plan.fields, **pinned}, measured)


def _shrunk(plan: Plan, file: Path, precision: Precision) -> str:
    """Put a smaller file in the place of the full one; what that costs."""
    full = file.rename(file.with_suffix(".full"))
    if precision == "int8":
        to_int8(full, file, plan.tries)
    else:
        to_fp16(full, file)
    loss = 1 - cosines(full, file, plan.outputs, plan.tries)
    full.unlink()
    return f"{precision} costs {loss.mean():.1e} in cosine, {loss.max():.1e} at worst"


def _beside(path: Path, plan: Plan, field: str) -> dict[str, str]:
    plan.beside[field](path)
    return {"file": path.name, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
