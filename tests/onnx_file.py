"""ONNX files, written byte by byte: the `onnx` package is not needed to make a model.

Field numbers are those of onnx.proto3.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

FLOAT, INT64 = 1, 7
"""Element types."""
Attribute: TypeAlias = int | float | Sequence[int]

_OF_INTEGER, _OF_FLOAT, _OF_INTEGERS = 2, 1, 7  # types of attributes


def node(op: str, inputs: Sequence[str], outputs: Sequence[str], **attributes: Attribute) -> bytes:
    """One operation."""
    body = b"".join(_field(1, name.encode()) for name in inputs)
    body += b"".join(_field(2, name.encode()) for name in outputs) + _field(4, op.encode())
    return body + b"".join(_field(5, _attribute(*one)) for one in attributes.items())


def tensor(name: str, array: NDArray[np.float32] | NDArray[np.int64]) -> bytes:
    """A weight, or a constant of integers."""
    dims = b"".join(_number(1, size) for size in array.shape)
    kind = INT64 if array.dtype == np.int64 else FLOAT
    return dims + _number(2, kind) + _field(8, name.encode()) + _field(9, array.tobytes())


def value(name: str, shape: Sequence[int | str], kind: int = FLOAT) -> bytes:
    """An input or output; a dimension that varies has a name."""
    dims = b"".join(
        _field(1, _number(1, d) if isinstance(d, int) else _field(2, d.encode())) for d in shape
    )
    form = _number(1, kind) + _field(2, dims)
    return _field(1, name.encode()) + _field(2, _field(1, form))


def model(
    nodes: Sequence[bytes], source: bytes, target: bytes, weights: Sequence[bytes] = ()
) -> bytes:
    """A file of a model with one input and one output; opset 17."""
    graph = b"".join(_field(1, one) for one in nodes) + _field(2, b"tiny")
    graph += b"".join(_field(5, one) for one in weights)
    graph += _field(11, source) + _field(12, target)
    return _number(1, 8) + _field(7, graph) + _field(8, _number(2, 17))


def _attribute(name: str, setting: Attribute) -> bytes:
    start = _field(1, name.encode())
    if isinstance(setting, int):
        return start + _number(3, setting) + _number(20, _OF_INTEGER)
    if isinstance(setting, float):
        return start + _varint(2 << 3 | 5) + struct.pack("<f", setting) + _number(20, _OF_FLOAT)
    return start + b"".join(_number(8, one) for one in setting) + _number(20, _OF_INTEGERS)


def _number(field: int, number: int) -> bytes:
    return _varint(field << 3) + _varint(number)


def _field(field: int, payload: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(payload)) + payload


def _varint(number: int) -> bytes:
    number &= (1 << 64) - 1  # negative ones as protobuf has them
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes([*out, number])
