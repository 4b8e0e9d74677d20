"""Tiny ONNX models, written byte by byte: the `onnx` package is not needed to run the tests.

Field numbers are those of onnx.proto3.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray


def chain(ops: Sequence[str], shape: Sequence[int | str], out: Sequence[int | str]) -> bytes:
    """A model `pixels` -> op -> op ... -> `features`; an op with two inputs gets the same twice."""
    names = ["pixels", *(f"t{i}" for i in range(1, len(ops))), "features"]
    nodes = [
        _node(op, names[i], names[i + 1], inputs=2 if op in {"Sub", "Div"} else 1)
        for i, op in enumerate(ops)
    ]
    graph = b"".join(_field(1, node) for node in nodes) + _field(2, b"tiny")
    graph += _field(11, _value("pixels", shape)) + _field(12, _value("features", out))
    return _number(1, 8) + _field(7, graph) + _field(8, _number(2, 13))


def flatten_model(side: int = 4) -> bytes:
    """An encoder whose features are the pixels themselves: [N, 3, side, side] -> [N, 3 side²]."""
    return chain(["Flatten"], ["N", 3, side, side], ["N", 3 * side * side])


def zero_model(side: int = 4) -> bytes:
    """An encoder that answers zero to everything."""
    return chain(["Sub", "Flatten"], ["N", 3, side, side], ["N", 3 * side * side])


def nan_model(side: int = 4) -> bytes:
    """An encoder that answers 0 / 0 to everything."""
    return chain(["Sub", "Div", "Flatten"], ["N", 3, side, side], ["N", 3 * side * side])


def constant_model(shape: Sequence[int | str], outputs: Mapping[str, NDArray[np.float32]]) -> bytes:
    """A model that answers the same to every input `pixels` of that shape."""
    nodes = [_constant(name, values) for name, values in outputs.items()]
    graph = b"".join(_field(1, node) for node in nodes) + _field(2, b"constant")
    graph += _field(11, _value("pixels", shape))
    graph += b"".join(_field(12, _value(name, it.shape)) for name, it in outputs.items())
    return _number(1, 8) + _field(7, graph) + _field(8, _number(2, 13))


def tripler() -> bytes:
    """An upscaler that makes nine equal pixels of one: [1, 3, h, w] -> [1, 3, 3h, 3w]."""
    ninefold = _field(1, b"pixels") * 9 + _field(2, b"many") + _field(4, b"Concat")
    ninefold += _field(5, _integer("axis", 1))
    spread = _field(1, b"many") + _field(2, b"large") + _field(4, b"DepthToSpace")
    spread += _field(5, _integer("blocksize", 3))
    graph = _field(1, ninefold) + _field(1, spread) + _field(2, b"tripler")
    graph += _field(11, _value("pixels", [1, 3, "h", "w"]))
    graph += _field(12, _value("large", [1, 3, "H", "W"]))
    return _number(1, 8) + _field(7, graph) + _field(8, _number(2, 13))


def with_notes(model: bytes, notes: Mapping[str, str]) -> bytes:
    """The model with metadata."""
    pairs = [_field(1, key.encode()) + _field(2, text.encode()) for key, text in notes.items()]
    return model + b"".join(_field(14, pair) for pair in pairs)


def brightest_model(height: int, width: int) -> bytes:
    """Local features without learning: key points are the brightest pixels of cells of 8 x 8.

    `image` -> `feats` (the 64 pixels of each cell), `keypoints` (the same as logits, their mean for
    none) and `heatmap` (the same chance everywhere).
    """
    grid = [height // 8, width // 8]
    nodes = [
        _operation("SpaceToDepth", ["image"], "feats", _integer("blocksize", 8)),
        _operation(
            *("AveragePool", ["image"], "means"),
            *(_integers("kernel_shape", [8, 8]), _integers("strides", [8, 8])),
        ),
        _operation("Concat", ["feats", "means"], "keypoints", _integer("axis", 1)),
        _operation("Sub", ["means", "means"], "zeros"),
        _operation("Sigmoid", ["zeros"], "heatmap"),
    ]
    graph = b"".join(_field(1, node) for node in nodes) + _field(2, b"brightest")
    graph += _field(11, _value("image", [1, 1, height, width]))
    for name, depth in (("feats", 64), ("keypoints", 65), ("heatmap", 1)):
        graph += _field(12, _value(name, [1, depth, *grid]))
    return _number(1, 8) + _field(7, graph) + _field(8, _number(2, 13))


def _operation(op: str, sources: Sequence[str], target: str, *attributes: bytes) -> bytes:
    ends = b"".join(_field(1, source.encode()) for source in sources) + _field(2, target.encode())
    return ends + _field(4, op.encode()) + b"".join(_field(5, one) for one in attributes)


def _integer(name: str, value: int) -> bytes:
    return _field(1, name.encode()) + _number(3, value) + _number(20, 2)


def _constant(name: str, values: NDArray[np.float32]) -> bytes:
    tensor = b"".join(_number(1, side) for side in values.shape) + _number(2, 1)
    tensor += _field(9, np.ascontiguousarray(values, "<f4").tobytes())
    attribute = _field(1, b"value") + _field(5, tensor) + _number(20, 4)
    return _field(2, name.encode()) + _field(4, b"Constant") + _field(5, attribute)


def _integers(name: str, values: Sequence[int]) -> bytes:
    listed = b"".join(_number(8, value) for value in values)
    return _field(1, name.encode()) + listed + _number(20, 7)


def _node(op: str, source: str, target: str, inputs: int) -> bytes:
    feeds = _field(1, source.encode()) * inputs
    return feeds + _field(2, target.encode()) + _field(4, op.encode())


def _value(name: str, shape: Sequence[int | str]) -> bytes:
    dims = b"".join(
        _field(1, _number(1, d) if isinstance(d, int) else _field(2, d.encode())) for d in shape
    )
    tensor = _number(1, 1) + _field(2, dims)  # element type 1 is float
    return _field(1, name.encode()) + _field(2, _field(1, tensor))


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _field(field: int, payload: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(payload)) + payload


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])
