"""A model as large as CLIP's image tower ViT-B/32, for benchmarks of speed: its weights are noise.

As many operations of the same shapes, but the twelve layers share one layer's weights, which
keeps the file at 44 MB.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tests.onnx_file import model, node, tensor, value

WIDTH, HEADS, LAYERS, DIM = 768, 12, 12, 512
SIDE, PATCH = 224, 32
PATCHES = (SIDE // PATCH) ** 2

_EACH = WIDTH // HEADS


def write_vit(path: Path) -> Path:
    """Write the model: `pixels` [N, 3, 224, 224] -> `features` [N, 512]."""
    pixels, features = value("pixels", ["N", 3, SIDE, SIDE]), value("features", ["N", DIM])
    nodes = [*_start(), *(one for layer in range(LAYERS) for one in _layer(layer)), *_end()]
    weights = [tensor(name, array) for name, array in _weights().items()]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(model(nodes, pixels, features, weights))
    return path


def _start() -> Iterator[bytes]:
    yield node("Conv", ["pixels", "patch"], ["grid"], kernel_shape=[PATCH] * 2, strides=[PATCH] * 2)
    yield node("Reshape", ["grid", "flat"], ["columns"])
    yield node("Transpose", ["columns"], ["patches"], perm=[0, 2, 1])
    yield node("Add", ["patches", "position"], ["x0"])


def _layer(k: int) -> Iterator[bytes]:
    yield from _attention(k)
    yield node("LayerNormalization", [f"y{k}", "scale", "shift"], [f"n{k}"])
    yield node("MatMul", [f"n{k}", "up"], [f"u{k}"])
    yield node("Mul", [f"u{k}", "quick"], [f"s{k}"])
    yield node("Sigmoid", [f"s{k}"], [f"g{k}"])
    yield node("Mul", [f"u{k}", f"g{k}"], [f"a{k}"])
    yield node("MatMul", [f"a{k}", "down"], [f"d{k}"])
    yield node("Add", [f"y{k}", f"d{k}"], [f"x{k + 1}"])


def _attention(k: int) -> Iterator[bytes]:
    yield node("LayerNormalization", [f"x{k}", "scale", "shift"], [f"m{k}"])
    yield node("MatMul", [f"m{k}", "qkv"], [f"qkv{k}"])
    yield node("Split", [f"qkv{k}", "thirds"], [f"{one}{k}" for one in ("q", "k", "v")], axis=2)
    for one in ("q", "k", "v"):
        yield node("Reshape", [f"{one}{k}", "heads"], [f"{one}r{k}"])
        order = [0, 2, 3, 1] if one == "k" else [0, 2, 1, 3]
        yield node("Transpose", [f"{one}r{k}"], [f"{one}t{k}"], perm=order)
    yield node("MatMul", [f"qt{k}", f"kt{k}"], [f"c{k}"])
    yield node("Mul", [f"c{k}", "root"], [f"w{k}"])
    yield node("Softmax", [f"w{k}"], [f"p{k}"], axis=-1)
    yield node("MatMul", [f"p{k}", f"vt{k}"], [f"o{k}"])
    yield node("Transpose", [f"o{k}"], [f"ot{k}"], perm=[0, 2, 1, 3])
    yield node("Reshape", [f"ot{k}", "joined"], [f"oj{k}"])
    yield node("MatMul", [f"oj{k}", "out"], [f"ao{k}"])
    yield node("Add", [f"x{k}", f"ao{k}"], [f"y{k}"])


def _end() -> Iterator[bytes]:
    yield node("ReduceMean", [f"x{LAYERS}"], ["pooled"], axes=[1], keepdims=0)
    yield node("MatMul", ["pooled", "projection"], ["features"])


def _weights() -> dict[str, NDArray[np.float32] | NDArray[np.int64]]:
    rng = np.random.default_rng(0)

    def noise(*shape: int) -> NDArray[np.float32]:
        return rng.normal(0, 0.02, shape).astype(np.float32)

    def numbers(*these: int) -> NDArray[np.int64]:
        return np.array(these, np.int64)

    return {
        "patch": noise(WIDTH, 3, PATCH, PATCH),
        "position": noise(1, PATCHES, WIDTH),
        "scale": np.ones(WIDTH, np.float32),
        "shift": np.zeros(WIDTH, np.float32),
        "qkv": noise(WIDTH, 3 * WIDTH),
        "out": noise(WIDTH, WIDTH),
        "up": noise(WIDTH, 4 * WIDTH),
        "down": noise(4 * WIDTH, WIDTH),
        "projection": noise(WIDTH, DIM),
        "quick": np.array(1.702, np.float32),
        "root": np.array(_EACH**-0.5, np.float32),
        "flat": numbers(0, WIDTH, PATCHES),
        "thirds": numbers(WIDTH, WIDTH, WIDTH),
        "heads": numbers(0, PATCHES, HEADS, _EACH),
        "joined": numbers(0, PATCHES, WIDTH),
    }
