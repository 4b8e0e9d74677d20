"""Smaller files of the same model: 8-bit weights for CPUs, 16-bit floats for GPUs.

What it costs is measured as the cosine between the outputs of the full and of the small file,
on inputs made of photos.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import onnx
from onnxruntime.quantization import (
    CalibrationDataReader,
    QuantFormat,
    QuantType,
    quantize_dynamic,
    quantize_static,
)
from onnxruntime.transformers.float16 import convert_float_to_float16

from engine.jobs.export_onnx import Array
from engine.vision.session import open_session

Precision = Literal["fp32", "int8", "fp16"]
_THREADS = 2


class _Tries(CalibrationDataReader):
    """Feeds the inputs that activations are measured on."""

    def __init__(self, name: str, tries: Sequence[Array]) -> None:
        self._feeds = iter([{name: one} for one in tries])

    def get_next(self) -> Any:
        """One feed, None after the last."""
        return next(self._feeds, None)


def to_int8(full: Path, small: Path, tries: Sequence[Array]) -> None:
    """Write an 8-bit file.

    Networks of convolutions get fixed ranges of activations, measured on `tries`; transformers,
    whose activations vary too much for that, have them measured at every run. Weights keep 7
    bits: CPUs without VNNI overflow on 8.
    """
    graph = onnx.load(full).graph
    kinds = [node.op_type for node in graph.node]
    if kinds.count("Conv") > kinds.count("MatMul") + kinds.count("Gemm"):
        quantize_static(
            full,
            small,
            _Tries(graph.input[0].name, tries),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=["Conv"],
            per_channel=True,
            reduce_range=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
        )
        return
    quantize_dynamic(
        full,
        small,
        op_types_to_quantize=["MatMul", "Gemm"],
        per_channel=True,
        reduce_range=True,
        weight_type=QuantType.QInt8,
    )


def to_fp16(full: Path, small: Path) -> None:
    """Write a file that computes in 16-bit floats; inputs and outputs stay 32-bit."""
    model = onnx.load(full)
    onnx.save(convert_float_to_float16(model, keep_io_types=True), small)


def cosines(full: Path, small: Path, outputs: Sequence[str], tries: Sequence[Array]) -> Array:
    """Cosine between what two files make of each try, all outputs together, shape (n,)."""
    rows = [_rows(path, outputs, tries) for path in (full, small)]
    return np.array(
        [a @ b / (np.linalg.norm(a) * np.linalg.norm(b)) for a, b in zip(*rows, strict=True)]
    )


def _rows(path: Path, outputs: Sequence[str], tries: Sequence[Array]) -> list[Array]:
    session = open_session(path, _THREADS)
    slot = session.inputs[0].name
    return [
        np.concatenate([session.run(name, {slot: one}).ravel() for name in outputs])
        for one in tries
    ]
