"""What is CUDA's own: bound inputs and outputs, and host memory that the device reads directly."""

from __future__ import annotations

import ctypes
import weakref
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.vision.batcher import Array, Feed

_RUNTIMES = ("libcudart.so.12", "libcudart.so.13", "cudart64_12.dll", "cudart64_13.dll")
_PORTABLE = 1  # cudaHostRegisterPortable: locked for every CUDA context of this process


@dataclass(frozen=True, slots=True, eq=False)
class BoundRunner:
    """Runs an ONNX Runtime session on CUDA through an IO binding; implements `Runner`.

    Inputs are copied to the device once, when they are bound; outputs come back as host arrays.
    Errors are those of ONNX Runtime.
    """

    handle: Any

    def run(self, outputs: Sequence[str], feed: Feed) -> list[Array]:
        """The named outputs."""
        binding = self.handle.io_binding()
        for name, array in feed.items():
            binding.bind_cpu_input(name, np.ascontiguousarray(array))
        for name in outputs:
            binding.bind_output(name)
        binding.synchronize_inputs()  # a copy from locked memory may still be under way
        self.handle.run_with_iobinding(binding)
        binding.synchronize_outputs()
        return list(binding.copy_outputs_to_cpu())


def page_locked(size: int) -> NDArray[np.uint8]:
    """So many bytes that the device can copy from at full speed.

    Plain memory where CUDA's runtime is not loaded or refuses: then copies are merely slower.
    """
    array = np.empty(size, np.uint8)
    runtime = _runtime()
    if runtime is not None:
        address = ctypes.c_void_p(array.ctypes.data)
        if runtime.cudaHostRegister(address, ctypes.c_size_t(array.nbytes), _PORTABLE) == 0:
            weakref.finalize(array, runtime.cudaHostUnregister, address).atexit = False
    return array


def _runtime() -> Any | None:
    """The CUDA runtime that ONNX Runtime has loaded, None where there is none."""
    for name in _RUNTIMES:
        try:
            return ctypes.CDLL(name)
        except OSError:
            continue
    return None
