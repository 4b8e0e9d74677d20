"""Cuts items out of thumbnails."""

from __future__ import annotations

from math import ceil, floor
from typing import Final

import cv2
import numpy as np

from engine.types import Box
from exporters.view.answers import Cutout

JPEG_QUALITY: Final = 88


def cut_out(found: Cutout) -> bytes:
    """The part of a thumbnail that an item covers; all of it as it is.

    What cannot be read comes back as it is, for a browser to judge.
    """
    jpeg, box, width, height = found.jpeg, found.box, found.width, found.height
    if _covers(box, width, height):
        return jpeg
    small = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    if small is None:
        return jpeg
    left, right = _span(box.left / width, box.right / width, small.shape[1])
    top, bottom = _span(box.top / height, box.bottom / height, small.shape[0])
    quality = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
    _, data = cv2.imencode(".jpg", small[top:bottom, left:right], quality)
    return data.tobytes()


def _covers(box: Box, width: int, height: int) -> bool:
    """Up to what rounding leaves."""
    return box.left < 1 and box.top < 1 and box.right > width - 1 and box.bottom > height - 1


def _span(start: float, end: float, size: int) -> tuple[int, int]:
    """Pixels of a thumbnail between two shares of a side: one at least."""
    first = min(max(0, floor(start * size)), size - 1)
    return first, max(first + 1, min(size, ceil(end * size)))
