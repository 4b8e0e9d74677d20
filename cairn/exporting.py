"""From a model's name to its folder in the registry, by way of PyTorch.

PyTorch lives in an environment of its own (`make export-env`); nothing else of Cairn imports it.
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from cairn.kinds import KINDS
from cairn.models import add_to, free_folder
from engine.errors import Misconfigured
from engine.types import Rgb
from engine.vision.card import ModelCard, draft_card

if TYPE_CHECKING:
    from engine.jobs.export_models import Exported
    from engine.jobs.export_onnx import Plan
    from engine.jobs.export_small import Precision

_WORKSHOP = ("torch", "open_clip", "timm", "ultralytics", "onnx", "tokenizers")
PHOTOS = 8
"""Photos that a model is tried on: enough to differ, few enough to wait for."""


@dataclass(frozen=True, slots=True)
class Order:
    """What to export and how. name: in the registry, None for the model's own."""

    model: str
    checkpoint: Path | None = None
    precision: Precision = "fp32"
    name: str | None = None
    licence: str | None = None


def export_model(order: Order, registry: Path, photos: Sequence[Rgb]) -> Iterator[str]:
    """Export all parts of a model, then add them; what was measured and added, line by line.

    Raises Misconfigured, before anything is added, where a part cannot be had or is not the same.
    """
    check_workshop(_WORKSHOP, "exporting", "models export")
    from engine.jobs import export_models, export_onnx  # noqa: PLC0415  they import PyTorch

    request = export_onnx.Request(order.model, order.checkpoint, photos, order.licence)
    with _quietly():
        parts = {_name(order, plan): plan for plan in export_models.plans(request)}
    for name in parts:
        free_folder(registry, name)
    with tempfile.TemporaryDirectory() as scratch, _quietly():
        made: dict[str, tuple[Exported, ModelCard]] = {}
        for name, plan in parts.items():
            folder = Path(scratch, name)
            folder.mkdir()
            part = export_models.exported(plan, folder, name, order.precision)
            made[name] = part, draft_card(part.file, KINDS[part.kind].form, part.fields)
            yield part.measured
        for name, (part, card) in made.items():
            add_to(registry, name, part.file, card)
            yield f"added {name} ({part.kind})"


@contextmanager
def _quietly() -> Iterator[None]:
    """Without the advice that libraries give on every model."""
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)


def _name(order: Order, plan: Plan) -> str:
    own = order.model.replace(":", "-")
    size = "" if order.precision == "fp32" else f"-{order.precision}"
    return f"{order.name or own + size}{plan.part}"


def check_workshop(libraries: Sequence[str], work: str, command: str) -> None:
    """Raise Misconfigured where the environment lacks what a work with PyTorch needs."""
    missing = [name for name in libraries if find_spec(name) is None]
    if missing:
        raise Misconfigured(
            f"{work} needs {', '.join(missing)}, not installed here: run make export-env, "
            f"then .venv-export/bin/cairn {command} ..."
        )
