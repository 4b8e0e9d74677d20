"""From an upright image to the input of a model, as its card says."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.types import Rgb
from engine.vision.card import PixelCard
from engine.vision.letterbox import letterbox

_PADDING = 114  # mid grey: what detectors and encoders were padded with in training


def model_input(image: Rgb, card: PixelCard) -> NDArray[np.float32]:
    """One image as float32 of shape (1, 3, h, w) or (1, h, w, 3)."""
    pixels = _fit(image, card)
    if card.colour == "BGR":
        pixels = pixels[:, :, ::-1]
    mean, std = np.array(card.mean, np.float32), np.array(card.std, np.float32)
    values = (pixels.astype(np.float32) * np.float32(card.scale) - mean) / std
    if card.layout == "NCHW":
        values = values.transpose(2, 0, 1)
    return np.ascontiguousarray(values[None], np.float32)


def _fit(image: Rgb, card: PixelCard) -> Rgb:
    height, width = card.size
    if card.resize == "squash":
        return _resize(image, height, width)
    across, down = width / image.shape[1], height / image.shape[0]
    if card.resize == "center-crop":
        scale = max(across, down)
        return _centre_crop(_resize_by(image, scale), height, width)
    return _letterbox(image, height, width)


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
    place = letterbox(image.shape[1], image.shape[0], (height, width))
    # Linear, also to shrink: what detectors were trained with, and their boxes depend on it.
    inner = cv2.resize(
        image, (place.inner_width, place.inner_height), interpolation=cv2.INTER_LINEAR
    )
    canvas = np.full((height, width, 3), _PADDING, np.uint8)
    below, beyond = place.top + place.inner_height, place.left + place.inner_width
    canvas[place.top : below, place.left : beyond] = inner
    return canvas
