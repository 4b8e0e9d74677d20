"""From an upright image to the input of a model, as its card says."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.types import Rgb
from engine.vision.card import PixelCard
from engine.vision.letterbox import letterbox

_PADDING = 114  # mid grey: what detectors and encoders were padded with in training
_PILLOW = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}


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
        return _resize(image, height, width, card)
    if card.resize == "center-crop":
        grown = _covering(image, int(height / card.crop), int(width / card.crop))
        return _centre_crop(_resize(image, *grown, card), height, width)
    return _letterbox(image, height, width)


def _covering(image: Rgb, height: int, width: int) -> tuple[int, int]:
    """Height and width that cover the given ones at the image's aspect, cut to whole pixels.

    As torchvision's `Resize` does: a pixel more would shift the whole picture against it.
    """
    down, across = image.shape[:2]
    if height * across >= width * down:
        return height, across * height // down
    return down * width // across, width


def _resize(image: Rgb, height: int, width: int, card: PixelCard) -> Rgb:
    if card.interpolation in _PILLOW:
        resized = Image.fromarray(image).resize((width, height), _PILLOW[card.interpolation])
        return np.asarray(resized, np.uint8)
    shrinks = height <= image.shape[0] and width <= image.shape[1]
    how = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(image, (width, height), interpolation=how), np.uint8)


def _centre_crop(image: Rgb, height: int, width: int) -> Rgb:
    # Halves are rounded to even numbers, as torchvision's `CenterCrop` does.
    top, left = round((image.shape[0] - height) / 2), round((image.shape[1] - width) / 2)
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
