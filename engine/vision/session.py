"""The only door to ONNX Runtime: opening verified models and running them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnxruntime.capi import onnxruntime_pybind11_state as ort_errors

from engine.errors import Misconfigured

_CUDA = "CUDAExecutionProvider"
_CPU = "CPUExecutionProvider"
_ERRORS_ONLY = 3  # ONNX Runtime's log level; it warns about every graph that it tidies

_REFUSALS = (
    ort_errors.Fail,
    ort_errors.InvalidArgument,
    ort_errors.InvalidGraph,
    ort_errors.InvalidProtobuf,
    ort_errors.NotImplemented,
    ort_errors.RuntimeException,
)


@dataclass(frozen=True, slots=True)
class Slot:
    """An input or output of a model; a dimension that may vary is None."""

    name: str
    shape: tuple[int | None, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Session:
    """An opened model. `run` may be called from several threads at once.

    device: `cuda` or `cpu`, as really obtained.
    """

    name: str
    device: str
    inputs: tuple[Slot, ...]
    outputs: tuple[Slot, ...]
    handle: Any

    def run(self, output: str, feed: dict[str, NDArray[Any]]) -> NDArray[np.float32]:
        """One output as float32; raises Misconfigured where the model refuses its input."""
        (result,) = self.run_all([output], feed)
        return result

    def run_all(
        self, outputs: Sequence[str], feed: dict[str, NDArray[Any]]
    ) -> list[NDArray[np.float32]]:
        """Several outputs of one run, each as float32; raises as `run` does."""
        try:
            results = self.handle.run(list(outputs), feed)
        except (*_REFUSALS, ValueError) as error:
            raise Misconfigured(f"model {self.name} cannot run: {error}") from error
        return [np.asarray(result, np.float32) for result in results]


def open_session(path: Path, threads: int, sha256: str | None = None) -> Session:
    """Open a model on the GPU where there is one, else on `threads` CPU threads.

    The bytes are read once: those that were checked against `sha256` (hex) are those that run,
    and a model in several files is refused. Raises Misconfigured.
    """
    model = read_verified(path, sha256)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = _ERRORS_ONLY
    try:
        handle = onnxruntime.InferenceSession(model, options, providers=_providers())
    except _REFUSALS as error:
        raise Misconfigured(f"{path} is not a model that can be opened: {error}") from error
    return Session(
        name=path.name,
        # The CUDA package lists CUDA as available without a GPU; only this tells the truth.
        device="cuda" if _CUDA in handle.get_providers() else "cpu",
        inputs=_slots(handle.get_inputs()),
        outputs=_slots(handle.get_outputs()),
        handle=handle,
    )


def read_verified(path: Path, sha256: str | None) -> bytes:
    """Read a model file; raises Misconfigured where it is absent or other than promised."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise Misconfigured(f"cannot read {path}: {error.strerror}") from error
    found = hashlib.sha256(data).hexdigest()
    if sha256 is not None and found != sha256:
        raise Misconfigured(
            f"{path} is not the file that its card describes: sha256 is {found}, "
            f"the card says {sha256}; fetch the file again or add it anew"
        )
    return data


def _providers() -> list[str]:
    available = onnxruntime.get_available_providers()
    return [_CUDA, _CPU] if _CUDA in available else [_CPU]


def _slots(nodes: Sequence[Any]) -> tuple[Slot, ...]:
    return tuple(
        Slot(node.name, tuple(n if isinstance(n, int) and n > 0 else None for n in node.shape))
        for node in nodes
    )
