"""Cuts what a photo shows out of its background: GrabCut (Rother, Kolmogorov, Blake 2004).

It needs to be told where to begin: a detector's box, or what differs most from the border of the
photo and lies near its middle.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.ports import Framing
from engine.sight import View
from engine.types import Box, Mask, Rgb
from engine.vision.boxes import padded, pixels_of
from engine.vision.crops import PADDING

_WORKING_SIDE = 192  # pixels of the longer side: what GrabCut costs is bounded by it
_LEAST_SIDE = 16  # pixels of the shorter side; less has no background worth a cut
_BORDER = 0.04  # of the shorter side: taken for background
_ROUNDS = 3
_LEAST, _MOST = 0.05, 0.95  # share of the foreground; anything else is a cut that failed
_CONTRAST = 3.5  # saliency of the foreground by that of the rest; a product before a shelf has less
_GREY = 114  # of what was background
_UNUSED = (0, 0, 1, 1)  # a rectangle, which seeds make needless
_BACKGROUND, _PERHAPS_NOT, _PERHAPS = cv2.GC_BGD, cv2.GC_PR_BGD, cv2.GC_PR_FGD


@dataclass(frozen=True, slots=True)
class Cutout:
    """Another framing, whose views lose their background; implements `Framing`.

    Where the cut fails, because all of a view or nearly nothing of it would remain, or because
    object and background are hardly unlike, the view stays.
    """

    inner: Framing

    @property
    def identity(self) -> str:
        """That of the framing, and the method."""
        return f"{self.inner.identity}+grabcut-1"

    def __call__(self, image: Rgb) -> Sequence[View]:
        """The views of the other framing, grey and without local features around the object."""
        return [_cut_out(view, image) for view in self.inner(image)]


def _cut_out(view: View, image: Rgb) -> View:
    found = foreground(view.pixels, _object_in(view, image))
    if found is None:
        return view
    pixels = np.where(found[:, :, None], view.pixels, np.uint8(_GREY))
    hidden = ~found if view.hidden is None else ~found | view.hidden
    return replace(view, pixels=pixels, hidden=hidden)


def _object_in(view: View, image: Rgb) -> Box | None:
    """Where in the pixels of its view a detected object lies; None where nothing was detected."""
    if not view.label:
        return None
    left, top, _, _ = pixels_of(padded(view.box, image, PADDING))
    box = view.box
    return Box(box.left - left, box.top - top, box.right - left, box.bottom - top)


def foreground(image: Rgb, box: Box | None = None) -> Mask | None:
    """What stands out of the background; None where no cut can be told.

    box: where it lies; None looks for it.
    """
    height, width = image.shape[:2]
    if min(height, width) < _LEAST_SIDE:
        return None
    scale = min(1.0, _WORKING_SIDE / max(height, width))
    small = _resized(image, scale)
    if box is None:
        found = _salient_object(small)
    else:
        found = _grab_cut(small, _seeds_by_box(small, box, scale))
    if found is None:
        return None
    large = cv2.resize(found.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(large > 0.5, np.bool_)


def saliency(image: Rgb) -> NDArray[np.float32]:
    """How much each pixel differs from the border, 0 to 1, (height, width).

    Mahalanobis distance to the border's colours in CIELAB, smoothed, less so far from the middle.
    """
    lab = cv2.cvtColor(image, cv2.COLOR_RGB2LAB).astype(np.float32)
    border = lab[_frame(lab.shape[:2])]
    spread = np.cov(border, rowvar=False) + 25 * np.eye(3)  # no colour is told to five steps
    away = lab - border.mean(axis=0)
    distance = np.sqrt(np.einsum("yxi,ij,yxj->yx", away, np.linalg.inv(spread), away))
    smooth = cv2.GaussianBlur(distance.astype(np.float32), (0, 0), max(image.shape[:2]) / 50)
    weighted = smooth * _middle(image.shape[:2])
    return np.asarray(weighted / max(float(weighted.max()), 1e-6), np.float32)


def _salient_object(image: Rgb) -> Mask | None:
    """What stands out clearly, (height, width); None where nothing does."""
    values = saliency(image)
    found = _grab_cut(image, _seeds_by_saliency(values))
    if found is None or values[found].mean() < _CONTRAST * values[~found].mean():
        return None
    return found


def _seeds_by_saliency(salient: NDArray[np.float32]) -> NDArray[np.uint8]:
    values = np.rint(salient * 255).astype(np.uint8)
    level, _ = cv2.threshold(values, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    seeds = np.where(values > level, _PERHAPS, _PERHAPS_NOT).astype(np.uint8)
    seeds[_frame(seeds.shape)] = _BACKGROUND
    return seeds


def _seeds_by_box(image: Rgb, box: Box, scale: float) -> NDArray[np.uint8]:
    seeds = np.full(image.shape[:2], _BACKGROUND, np.uint8)
    inside = Box(*(side * scale for side in (box.left, box.top, box.right, box.bottom)))
    left, top, right, bottom = pixels_of(inside)
    seeds[top:bottom, left:right] = _PERHAPS
    return seeds


def _grab_cut(image: Rgb, seeds: NDArray[np.uint8]) -> Mask | None:
    """The foreground, (height, width); None where seeds or result have but one side."""
    if not _two_sided(seeds == _PERHAPS):
        return None
    cv2.setRNGSeed(0)  # of this thread: its first colour models are drawn by chance
    models = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.grabCut(image, seeds, _UNUSED, *models, _ROUNDS, cv2.GC_INIT_WITH_MASK)
    found = seeds == _PERHAPS
    return found if _two_sided(found) else None


def _two_sided(found: Mask) -> bool:
    return _LEAST <= float(found.mean()) <= _MOST


def _frame(shape: Sequence[int]) -> Mask:
    """The border of an image of (height, width)."""
    width = max(2, round(_BORDER * min(shape)))
    frame = np.ones(tuple(shape), np.bool_)
    frame[width:-width, width:-width] = False
    return frame


def _middle(shape: Sequence[int]) -> NDArray[np.float32]:
    """1 in the middle of an image of (height, width), about a half at the middle of its sides."""
    down, across = (np.linspace(-1, 1, side, dtype=np.float32) for side in shape)
    return np.asarray(np.exp(-0.7 * (down[:, None] ** 2 + across[None, :] ** 2)), np.float32)


def _resized(image: Rgb, scale: float) -> Rgb:
    if scale == 1:
        return image
    size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
