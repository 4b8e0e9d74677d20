"""What networks that find faces have in common: the canvas they see, the candidates they give."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.types import Rgb

Outputs = Mapping[str, NDArray[np.float32]]
"""Every output of a model, by name."""


@dataclass(frozen=True, slots=True, eq=False)
class Canvas:
    """An image as a network sees it: resized to the top left corner of black.

    scale: (2,) float64, canvas pixels per image pixel across and down.
    """

    pixels: Rgb
    scale: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """Places that may be faces, n of them, overlapping ones included.

    boxes: (n, 4) left, top, right, bottom; points: (n, 5, 2) in the order of `Detection.points`;
    both float32, in pixels of the canvas. scores: (n,) float32, 0 to 1.
    """

    boxes: NDArray[np.float32]
    points: NDArray[np.float32]
    scores: NDArray[np.float32]

    def __getitem__(self, chosen: NDArray[np.bool_] | NDArray[np.intp]) -> Candidates:
        return Candidates(self.boxes[chosen], self.points[chosen], self.scores[chosen])


class FaceNet(Protocol):
    """How one kind of network is fed and read."""

    @property
    def outputs(self) -> Sequence[str]:
        """Names of the outputs that are read."""
        ...

    def canvas(self, image: Rgb) -> Canvas:
        """Lay the image out as the network likes it."""
        ...

    def values(self, pixels: Rgb) -> NDArray[np.float32]:
        """The input of the model, one image."""
        ...

    def read(self, outputs: Outputs, pixels: Rgb) -> Candidates:
        """Every place that the model looked at, whatever its score."""
        ...


def laid_out(image: Rgb, height: int, width: int, scale: float) -> Canvas:
    """Resize an image by `scale` onto a black canvas that it fits on."""
    down, across = (max(1, round(side * scale)) for side in image.shape[:2])
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    canvas = np.zeros((height, width, 3), np.uint8)
    canvas[:down, :across] = cv2.resize(image, (across, down), interpolation=how)
    return Canvas(canvas, np.array([across / image.shape[1], down / image.shape[0]]))


def surest(found: Candidates, confidence: float, overlap: float) -> Candidates:
    """The candidates of at least that score, surest first, the best alone of those that overlap.

    overlap: intersection over union from which on two candidates are one face.
    """
    sure = found[(found.scores >= confidence) & np.isfinite(found.boxes).all(axis=1)]
    corners, sizes = sure.boxes[:, :2], sure.boxes[:, 2:] - sure.boxes[:, :2]
    rectangles = np.concatenate([corners, sizes], axis=1).astype(np.float64).tolist()
    kept = cv2.dnn.NMSBoxes(rectangles, sure.scores.tolist(), confidence, overlap)
    return sure[np.asarray(kept, np.intp).ravel()]
