"""From a PyTorch module to an ONNX file that demonstrably computes the same.

Each family of models says in a `Plan` what is to be exported; here is what all have in common.
A file is accepted only if it gives what the module gives on photos, alone and in a batch.
"""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from engine.errors import Misconfigured
from engine.types import Rgb
from engine.vision.card import PixelCard
from engine.vision.preprocess import model_input
from engine.vision.session import open_session

TOLERANCE = 1e-3
_OPSET = 17
_THREADS = 2

Array = NDArray[Any]
Difference = Callable[[Array, Array], float]


def largest_difference(wanted: Array, given: Array) -> float:
    """Largest absolute difference, relative to the wanted value where that is above 1."""
    if wanted.shape != given.shape:
        return float("inf")
    return float(np.max(np.abs(wanted - given) / np.maximum(1, np.abs(wanted)), initial=0))


@dataclass(frozen=True, slots=True, eq=False)
class Request:
    """What somebody wants exported.

    name: the model's, followed by `:TAG` where there are several weights. checkpoint: a file of
    weights, None to fetch them. photos: what to try it on. licence: of the weights, None for
    what the family's are published under.
    """

    name: str
    checkpoint: Path | None
    photos: Sequence[Rgb]
    licence: str | None = None

    def notes(self, licence: str, origin: str) -> dict[str, object]:
        """Licence and source for a card; a file of weights is told by name and hash."""
        if self.checkpoint is not None:
            digest = hashlib.sha256(self.checkpoint.read_bytes()).hexdigest()
            origin = f"{origin}, weights {self.checkpoint.name} (sha256 {digest})"
        return {"licence": self.licence or licence, "source": origin}


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """A model to export: the module in eval mode, its card's fields, what to try it on.

    fields: of a card of `kind`, but for those the file itself reveals. tries: inputs as they
    come at run time, each (1, ...), made of photos or sentences. free: names of further axes
    that vary. part: what tells its name from that of the model's other parts. beside: by field
    of the card, what writes a further file.
    """

    name: str
    kind: str
    fields: Mapping[str, object]
    module: Any
    tries: Sequence[Array]
    outputs: tuple[str, ...] = ("features",)
    input: str = "pixels"
    free: Mapping[int, str] = field(default_factory=dict)
    difference: Difference = largest_difference
    part: str = ""
    beside: Mapping[str, Callable[[Path], None]] = field(default_factory=dict)


def prepared(photos: Sequence[Rgb], fields: Mapping[str, object]) -> list[Array]:
    """Photos as the model will get them at run time, by the fields of its card."""
    nothing = {"kind": "", "file": "-", "sha256": "0" * 64}
    known = {name: value for name, value in fields.items() if name in PixelCard.model_fields}
    card = PixelCard.model_validate(nothing | known)
    return [model_input(photo, card) for photo in photos]


def no_weights(name: str, reason: object) -> Misconfigured:
    """Weights could not be fetched: why, and what to do."""
    return Misconfigured(
        f"{name}: its weights could not be fetched ({_first_line(reason)}); fetch the file where "
        "there is a network, then give it with --checkpoint FILE"
    )


def bad_weights(name: str, file: Path | None, reason: object) -> Misconfigured:
    """A file of weights, None for one that was fetched, is not of this model."""
    return Misconfigured(
        f"{file or 'what was fetched'} is no checkpoint of {name}: {_first_line(reason)}"
    )


def _first_line(reason: object) -> str:
    lines = str(reason).strip().splitlines()
    return lines[0].strip("❌ .:") if lines else type(reason).__name__


def export(plan: Plan, path: Path) -> float:
    """Write a plan's module as an ONNX file; the largest difference on its tries.

    Raises Misconfigured where that is above `TOLERANCE`.
    """
    write_onnx(plan, path)
    found = parity(plan, path)
    if not found <= TOLERANCE:
        raise Misconfigured(
            f"{plan.name}: the ONNX file gives other values than PyTorch does (difference "
            f"{found:.2g}, allowed {TOLERANCE:g}); it was not kept"
        )
    return found


def write_onnx(plan: Plan, path: Path) -> None:
    """Trace the module on its first try into an ONNX file whose batch size is free."""
    axes = {name: {0: "batch"} for name in (plan.input, *plan.outputs)}
    for name, slot in axes.items():
        slot.update({axis: f"{name} {size}" for axis, size in plan.free.items()})
    example = torch.from_numpy(plan.tries[0])
    # Tracing would record this shortcut of attention as an operator that ONNX does not have.
    shortcut = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with torch.inference_mode(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # tracing remarks on every shape it takes as fixed
            torch.onnx.export(
                plan.module,
                (torch.cat([example, example]),),
                str(path),
                input_names=[plan.input],
                output_names=list(plan.outputs),
                dynamic_axes=axes,
                opset_version=_OPSET,
                dynamo=False,  # a quarter of the time, and graphs that quantisation knows
            )
    finally:
        torch.backends.mha.set_fastpath_enabled(shortcut)


def parity(plan: Plan, path: Path) -> float:
    """Largest difference between module and file over all tries and outputs."""
    session = open_session(path, _THREADS)
    worst = 0.0
    for batch in batches(plan.tries):
        with torch.inference_mode():
            wanted = plan.module(torch.from_numpy(batch))
        wanted = wanted if isinstance(wanted, tuple | list) else [wanted]
        for name, tensor in zip(plan.outputs, wanted, strict=True):
            given = session.run(name, {plan.input: batch})
            worst = max(worst, plan.difference(tensor.float().numpy(), given))
    return worst


def batches(tries: Sequence[Array]) -> list[Array]:
    """Every try by itself, and, where they are of one shape, all of them together."""
    alike = len({one.shape for one in tries}) == 1
    return [*tries, np.concatenate(tries)] if alike else list(tries)
