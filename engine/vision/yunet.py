"""YuNet (Wu, Peng, Yu 2023, "YuNet: a tiny millisecond-level face detector"): feeding, reading."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.types import Rgb
from engine.vision.face_net import Candidates, Canvas, Outputs, laid_out

_STRIDES = (8, 16, 32)
_LONG_SIDE = (320, 640)
"""Longer side of the resized image in pixels, least and most: a face of 10 to 300 is found best."""


@dataclass(frozen=True, slots=True)
class YuNet:
    """Implements `FaceNet`. size: height and width of the input, None where the model is free."""

    size: tuple[int, int] | None = None

    @property
    def outputs(self) -> Sequence[str]:
        """Class, objectness, box and key points of every stride."""
        return [f"{part}_{stride}" for part in ("cls", "obj", "bbox", "kps") for stride in _STRIDES]

    def canvas(self, image: Rgb) -> Canvas:
        """Small photos are enlarged, large ones reduced; sides are multiples of 32."""
        height, width = image.shape[:2]
        longest = max(height, width)
        scale = min(max(longest, _LONG_SIDE[0]), _LONG_SIDE[1]) / longest
        if self.size is not None:
            scale = min(scale, self.size[0] / height, self.size[1] / width)
            return laid_out(image, *self.size, scale)
        return laid_out(image, _padded(height * scale), _padded(width * scale), scale)

    def values(self, pixels: Rgb) -> NDArray[np.float32]:
        """Blue, green, red from 0 to 255, (1, 3, height, width)."""
        return np.ascontiguousarray(pixels[:, :, ::-1].transpose(2, 0, 1)[None], np.float32)

    def read(self, outputs: Outputs, pixels: Rgb) -> Candidates:
        """One candidate a cell of each of the three grids."""
        parts = [_of_stride(outputs, stride, pixels) for stride in _STRIDES]
        return Candidates(
            np.concatenate([part.boxes for part in parts]),
            np.concatenate([part.points for part in parts]),
            np.concatenate([part.scores for part in parts]),
        )


def _padded(side: float) -> int:
    return -(-max(1, round(side)) // _STRIDES[-1]) * _STRIDES[-1]


def _of_stride(outputs: Outputs, stride: int, pixels: Rgb) -> Candidates:
    rows, columns = pixels.shape[0] // stride, pixels.shape[1] // stride
    down, across = np.mgrid[:rows, :columns]
    cells = np.stack([across.ravel(), down.ravel()], axis=1).astype(np.float32)
    sure = [np.clip(outputs[f"{part}_{stride}"].reshape(-1), 0, 1) for part in ("cls", "obj")]
    box = outputs[f"bbox_{stride}"].reshape(-1, 4)
    middle, half = (cells + box[:, :2]) * stride, np.exp(np.minimum(box[:, 2:], 20)) * stride / 2
    points = (cells[:, None] + outputs[f"kps_{stride}"].reshape(-1, 5, 2)) * stride
    boxes = np.concatenate([middle - half, middle + half], axis=1)
    return Candidates(boxes, points, np.sqrt(sure[0] * sure[1]))
