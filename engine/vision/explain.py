"""Pictures for people: two views side by side, with lines between the points that agree."""

from __future__ import annotations

import colorsys

import cv2
import numpy as np

from engine.ports import Points
from engine.types import Rgb

GAP = 12
MOST_LINES = 120
"""More lines hide what they join; every k-th is drawn then."""
HUES = 12


def side_by_side(left: Rgb, right: Rgb, pairs: Points, height: int = 480) -> Rgb:
    """Both images at one height, and a line from (x, y) of the left to (x, y) of the right one.

    pairs: (n, 4) pixels of the two images; neighbours have different colours.
    """
    scales = height / left.shape[0], height / right.shape[0]
    shown = [_at_height(image, height) for image in (left, right)]
    gap = np.full((height, GAP, 3), 255, np.uint8)
    canvas = np.ascontiguousarray(np.concatenate([shown[0], gap, shown[1]], axis=1))
    offset = shown[0].shape[1] + GAP
    step = max(1, -(-len(pairs) // MOST_LINES))
    for number, (x, y, u, v) in enumerate(pairs[::step].tolist()):
        start = round(x * scales[0]), round(y * scales[0])
        end = round(u * scales[1]) + offset, round(v * scales[1])
        _line(canvas, start, end, _colour(number))
    return canvas


def _at_height(image: Rgb, height: int) -> Rgb:
    width = max(1, round(image.shape[1] * height / image.shape[0]))
    method = cv2.INTER_AREA if height < image.shape[0] else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, (width, height), interpolation=method), np.uint8)


def _line(canvas: Rgb, start: tuple[int, int], end: tuple[int, int], colour: list[int]) -> None:
    cv2.line(canvas, start, end, colour, 1, cv2.LINE_AA)
    for point in (start, end):
        cv2.circle(canvas, point, 3, colour, 1, cv2.LINE_AA)


def _colour(number: int) -> list[int]:
    red, green, blue = colorsys.hsv_to_rgb(number * 5 % HUES / HUES, 0.9, 1.0)
    return [round(255 * part) for part in (red, green, blue)]
