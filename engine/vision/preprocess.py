"""From an upright image to the input of a model, as its card says."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.types import Rgb
from engine.vision.card import PixelCard

_PADDING = 114  # mid grey: what detectors and encoders were padded with in training


def model_input(image: Rgb, card: PixelCard) -> NDArray[np.float32]:
    """One image as float32 of shape (1, 3, h, w) or (1, h, w, 3)."""
    planes = cv2.split(_fit(image, card))
    values = np.empty((1, 3, *card.size), np.float32)
    ordered = planes if card.colour == "RGB" else planes[::-1]
    for plane, table, room in zip(ordered, _tables(card), values[0], strict=True):
        cv2.LUT(plane, table, dst=room)
    return values if card.layout == "NCHW" else np.ascontiguousarray(values.transpose(0, 2, 3, 1))


def _tables(card: PixelCard) -> NDArray[np.float32]:
    """What each of the 256 pixel values becomes, by channel: (3, 256), far less than an image."""
    scaled = np.arange(256, dtype=np.float32) * np.float32(card.scale)
    mean, std = np.array(card.mean, np.float32), np.array(card.std, np.float32)
    return np.asarray((scaled - mean[:, None]) / std[:, None], np.float32)


def _fit(image: Rgb, card: PixelCard) -> Rgb:
    height, width = card.size
    if card.resize == "squash":
        return _resize(image, height, width)
    across, down = width / image.shape[1], height / image.shape[0]
    if card.resize == "center-crop":
        scale = max(across, down)
        return _centre_crop(_resize_by(image, scale), height, width)
    return _letterbox(_resize_by(image, min(across, down)), height, width)


def _resize_by(image: Rgb, scale: float) -> Rgb:
    height, width = image.shape[:2]
    return _resize(image, max(1, round(height * scale)), max(1, round(width * scale)))


def _resize(image: Rgb, height: int, width: int) -> Rgb:
    shrinks = height <= image.shape[0] and width <= image.shape[1]
    how = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(image, (width, height), interpolation=how), np.uint8)


def _centre_crop(image: Rgb, height: int, width: int) -> Rgb:
    top, left = (image.shape[0] - height) // 2, (image.shape[1] - width) // 2
    return image[top : top + height, left : left + width]


def _letterbox(image: Rgb, height: int, width: int) -> Rgb:
    canvas = np.full((height, width, 3), _PADDING, np.uint8)
    top, left = (height - image.shape[0]) // 2, (width - image.shape[1]) // 2
    canvas[top : top + image.shape[0], left : left + image.shape[1]] = image
    return canvas
