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
MOST_ACROSS = 4
"""Widths of a picture by its height: a panorama of one row of pixels would fill all memory."""


def side_by_side(left: Rgb, right: Rgb, pairs: Points, height: int = 480) -> Rgb:
    """Both images at one height, and a line from (x, y) of the left to (x, y) of the right one.

    pairs: (n, 4) shares of width and height of the two images; neighbours have different colours.
    An image that is very wide is as high as its width allows.
    """
    one, other = (_fitted(image, height) for image in (left, right))
    offset = one.shape[1] + GAP
    canvas = np.full((height, offset + other.shape[1], 3), 255, np.uint8)
    canvas[: one.shape[0], : one.shape[1]] = one
    canvas[: other.shape[0], offset:] = other
    step = max(1, -(-len(pairs) // MOST_LINES))
    for number, (x, y, u, v) in enumerate(pairs[::step].tolist()):
        start = round(x * one.shape[1]), round(y * one.shape[0])
        end = round(u * other.shape[1]) + offset, round(v * other.shape[0])
        _line(canvas, start, end, _colour(number))
    return canvas


def _fitted(image: Rgb, height: int) -> Rgb:
    scale = min(height / image.shape[0], MOST_ACROSS * height / image.shape[1])
    size = max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale))
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, size, interpolation=method), np.uint8)


def _line(canvas: Rgb, start: tuple[int, int], end: tuple[int, int], colour: list[int]) -> None:
    cv2.line(canvas, start, end, colour, 1, cv2.LINE_AA)
    for point in (start, end):
        cv2.circle(canvas, point, 3, colour, 1, cv2.LINE_AA)


def _colour(number: int) -> list[int]:
    red, green, blue = colorsys.hsv_to_rgb(number * 5 % HUES / HUES, 0.9, 1.0)
    return [round(255 * part) for part in (red, green, blue)]
