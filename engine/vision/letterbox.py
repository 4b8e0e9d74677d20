"""Where an image lies within the padded input of a model, and the way back to its own pixels."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Letterbox:
    """An image of `height` x `width` pixels in a model's input, as `preprocess` lays it there.

    It begins at (left, top) of an input of `size` (height, width) and takes `inner_width` x
    `inner_height` pixels; the rest is padding.
    """

    width: int
    height: int
    size: tuple[int, int]
    left: int
    top: int
    inner_width: int
    inner_height: int

    def to_image(self, boxes: NDArray[np.float32]) -> NDArray[np.float32]:
        """Boxes (n, 4) of left, top, right, bottom: from input to image, clipped to it."""
        across, down = self.width / self.inner_width, self.height / self.inner_height
        start = np.array([self.left, self.top] * 2, np.float32)
        moved = (boxes - start) * np.array([across, down] * 2, np.float32)
        limit = np.array([self.width, self.height] * 2, np.float32)
        return np.asarray(np.clip(moved, 0, limit), np.float32)

    def map_to_image(self, field: NDArray[np.float32]) -> NDArray[np.float32]:
        """A map over the whole input, coarse or fine, as (height, width) of the image.

        What lies over the padding is left out.
        """
        rows, columns = field.shape[0] / self.size[0], field.shape[1] / self.size[1]
        top, bottom = _span(self.top * rows, self.inner_height * rows)
        left, right = _span(self.left * columns, self.inner_width * columns)
        inner = np.ascontiguousarray(field[top:bottom, left:right])
        return np.asarray(cv2.resize(inner, (self.width, self.height)), np.float32)


def letterbox(width: int, height: int, size: tuple[int, int]) -> Letterbox:
    """Lay an image of width x height into an input of `size` (height, width)."""
    scale = min(size[1] / width, size[0] / height)
    inner_width, inner_height = max(1, round(width * scale)), max(1, round(height * scale))
    left, top = (size[1] - inner_width) // 2, (size[0] - inner_height) // 2
    return Letterbox(width, height, size, left, top, inner_width, inner_height)


def _span(start: float, length: float) -> tuple[int, int]:
    """Whole cells that cover it, at least one."""
    first = round(start)
    return first, max(first + 1, round(start + length))
