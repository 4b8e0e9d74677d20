"""The only door to ONNX Runtime: opening verified models and running them.

On a GPU runs that are asked for at once meet in batches (`engine.vision.batcher`); on a CPU each
runs by itself on the caller's thread, so that no bit of a result depends on its neighbours.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnxruntime.capi import onnxruntime_pybind11_state as ort_errors

from engine.errors import Misconfigured
from engine.vision.batcher import AT_ONCE, Array, Batcher, Feed, OutOfMemory, Runner
from engine.vision.cuda import BoundRunner, page_locked

_CUDA = "CUDAExecutionProvider"
_CPU = "CPUExecutionProvider"
_ERRORS_ONLY = 3  # ONNX Runtime's log level; it warns about every graph that it tidies

_CUDA_OPTIONS = {"cudnn_conv_algo_search": "HEURISTIC"}  # batches vary; a search for each is slow
_NO_ROOM = ("out of memory", "Failed to allocate memory", "ALLOC_FAILED")
"""What CUDA, ONNX Runtime's arena, cuBLAS and cuDNN say when memory runs out."""

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
    """An input or output of a model; a dimension that may vary is None. type: `tensor(float)`."""

    name: str
    shape: tuple[int | None, ...]
    type: str = "tensor(float)"


@dataclass(frozen=True, slots=True, eq=False)
class Session:
    """An opened model. `run` may be called from several threads at once.

    device: `cuda` or `cpu`, as really obtained. at_once: rows that one run had best have.
    notes: what the model's file says of itself.
    """

    name: str
    device: str
    inputs: tuple[Slot, ...]
    outputs: tuple[Slot, ...]
    runner: Runner
    at_once: int = 1
    notes: Mapping[str, str] = field(default_factory=dict)

    def run(self, output: str, feed: Feed) -> NDArray[np.float32]:
        """One output as float32; raises Misconfigured where the model refuses its input."""
        (result,) = self.run_all([output], feed)
        return result

    def run_all(self, outputs: Sequence[str], feed: Feed) -> list[NDArray[np.float32]]:
        """Several outputs of one run, each as float32; raises as `run` does."""
        results = self.runner.run(list(outputs), feed)
        return [np.asarray(result, np.float32) for result in results]


@dataclass(frozen=True, slots=True, eq=False)
class Translated:
    """A runner of ONNX Runtime whose errors are said to a person; implements `Runner`."""

    name: str
    runner: Any

    def run(self, outputs: Sequence[str], feed: Feed) -> Sequence[Array]:
        """The named outputs."""
        try:
            results: Sequence[Array] = self.runner.run(outputs, feed)
        except (*_REFUSALS, ValueError) as error:
            if any(words in str(error) for words in _NO_ROOM):
                shapes = ", ".join(str(array.shape) for array in feed.values())
                raise OutOfMemory(
                    f"model {self.name}: out of memory on an input of shape {shapes}; give it "
                    "more of the device, or hide the GPU from it with CUDA_VISIBLE_DEVICES="
                ) from error
            raise Misconfigured(f"model {self.name} cannot run: {error}") from error
        return results


def open_session(path: Path, threads: int, sha256: str | None = None) -> Session:
    """Open a model on the GPU where there is one, else on `threads` CPU threads.

    The bytes are read once: those that were checked against `sha256` (hex) are those that run,
    and a model in several files is refused. Raises Misconfigured.
    """
    model = read_verified(path, sha256)
    try:
        handle = onnxruntime.InferenceSession(model, _options(threads), providers=_providers())
    except _REFUSALS as error:
        raise Misconfigured(f"{path} is not a model that can be opened: {error}") from error
    nodes = [*handle.get_inputs(), *handle.get_outputs()]
    # The CUDA package lists CUDA as available without a GPU; only this tells the truth.
    on_gpu = _CUDA in handle.get_providers()
    batched = on_gpu and rows_are_images([node.shape for node in nodes])
    runner: Runner = Translated(path.name, BoundRunner(handle) if on_gpu else handle)
    return Session(
        name=path.name,
        device="cuda" if on_gpu else "cpu",
        inputs=_slots(handle.get_inputs()),
        outputs=_slots(handle.get_outputs()),
        runner=Batcher(runner, allocate=page_locked) if batched else runner,
        at_once=AT_ONCE if batched else 1,
        notes=handle.get_modelmeta().custom_metadata_map,
    )


def rows_are_images(shapes: Sequence[Sequence[int | str | None]]) -> bool:
    """Whether all inputs and outputs of a model share a batch axis: a first dimension by name.

    One that varies for another reason (how many boxes were found) has another name, or none.
    """
    first = {shape[0] if shape else None for shape in shapes}
    return len(first) == 1 and isinstance(first.pop(), str)


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


def _options(threads: int) -> onnxruntime.SessionOptions:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = _ERRORS_ONLY
    # All that is beyond layouts changes no result, and crashes on 16-bit models without a GPU.
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_LAYOUT
    return options


def _providers() -> list[str | tuple[str, dict[str, str]]]:
    if _CUDA not in onnxruntime.get_available_providers():
        return [_CPU]
    onnxruntime.preload_dlls()  # finds CUDA and cuDNN where they were installed as packages
    return [(_CUDA, _CUDA_OPTIONS), _CPU]


def _slots(nodes: Sequence[Any]) -> tuple[Slot, ...]:
    return tuple(
        Slot(
            node.name,
            tuple(n if isinstance(n, int) and n > 0 else None for n in node.shape),
            node.type,
        )
        for node in nodes
    )
