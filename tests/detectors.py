"""Detectors for tests: a fake that finds what it is told, and tiny models with a fixed answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.sight import Detection
from engine.types import Box, Rgb
from engine.vision.card import draft_card, write_card
from engine.vision.yolo import DetectorCard, YoloDetector, load_detector
from tests.onnx_model import constant_model

SIDE = 64
"""Pixels a side of the tiny models' input."""


@dataclass(frozen=True)
class Told:
    """Finds what it is told in every image; makes `Detector`."""

    found: Sequence[Detection] = ()
    identity: str = "told"

    def detect(self, image: Rgb) -> Sequence[Detection]:
        return self.found


def thing(left: float, top: float, right: float, bottom: float, **more: Any) -> Detection:
    """A detection, by default of a surely seen cat."""
    return Detection(
        Box(left, top, right, bottom), more.pop("label", "cat"), more.pop("score", 1.0), **more
    )


def yolo_head(*columns: Sequence[float]) -> NDArray[np.float32]:
    """A `yolo` head: for every candidate centre, size, class scores and coefficients."""
    return np.array(columns, np.float32).T[None]


def written(folder: Path, outputs: Mapping[str, NDArray[np.float32]], **fields: Any) -> Path:
    """A model that always gives these outputs, and its card; the card's path."""
    model = folder / "fixed.onnx"
    model.write_bytes(constant_model([1, 3, SIDE, SIDE], outputs))
    known = {"licence": "none", "source": "tests", "output": "head", "classes": ("cat", "dog")}
    write_card(folder / "fixed.toml", draft_card(model, DetectorCard, known | fields))
    return folder / "fixed.toml"


def fixed(folder: Path, answer: NDArray[np.float32], **fields: Any) -> YoloDetector:
    """A detector whose model always gives this head."""
    return load_detector(written(folder, {"head": answer}, **fields), threads=1)
