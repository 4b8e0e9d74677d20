"""Boxes in pixels of an image: which pixels they cover, how large, how near the middle."""

from __future__ import annotations

from math import ceil, floor, hypot

from engine.types import Box, Rgb


def whole(image: Rgb) -> Box:
    """All of an image."""
    return Box(0.0, 0.0, float(image.shape[1]), float(image.shape[0]))


def pixels_of(box: Box) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of the pixels that it touches; the last two are not included."""
    return floor(box.left), floor(box.top), ceil(box.right), ceil(box.bottom)


def padded(box: Box, image: Rgb, padding: float) -> Box:
    """The box with a share of its sides added all around, within the image."""
    across, down = padding * (box.right - box.left), padding * (box.bottom - box.top)
    return Box(
        max(0.0, box.left - across),
        max(0.0, box.top - down),
        min(float(image.shape[1]), box.right + across),
        min(float(image.shape[0]), box.bottom + down),
    )


def cut_out(image: Rgb, box: Box) -> Rgb:
    """The pixels of an image that a box touches; the box lies within the image."""
    left, top, right, bottom = pixels_of(box)
    return image[top:bottom, left:right]


def area(box: Box) -> float:
    """In square pixels."""
    return (box.right - box.left) * (box.bottom - box.top)


def iou(one: Box, other: Box) -> float:
    """Intersection over union, 0 to 1; neither box is empty."""
    across = min(one.right, other.right) - max(one.left, other.left)
    down = min(one.bottom, other.bottom) - max(one.top, other.top)
    common = max(0.0, across) * max(0.0, down)
    return common / (area(one) + area(other) - common)


def centrality(box: Box, image: Rgb) -> float:
    """How near the middle of the box is to that of the image: 1 there, 0 at a corner."""
    height, width = image.shape[:2]
    across = (box.left + box.right - width) / 2
    down = (box.top + box.bottom - height) / 2
    return 1 - hypot(across, down) / hypot(width / 2, height / 2)
