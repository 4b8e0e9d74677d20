"""The whole image without what moves: people, vehicles and animals are no part of a place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import cv2
import numpy as np

from engine.ports import Detector
from engine.sight import Detection, View
from engine.types import Mask, Rgb
from engine.vision.boxes import pixels_of, whole
from engine.vision.classes import word_of

Fill: TypeAlias = Literal["mean", "blur"]

_SURE = 0.5  # score; hiding a part of the place costs more than a passer-by left in
_MOST_HIDDEN = 0.8  # of an image; what is left would say more of the mask than of the place
_MARGIN = 100  # the longer side by it: local features this near to a mask would see its edge
_BLUR = 32  # pixels that become one, and are smoothly enlarged again


@dataclass(frozen=True, slots=True)
class Masked:
    """The image is the item, some classes in it hidden; implements `Framing`.

    What is hidden is filled with the mean colour of the rest, or blurred, and gives no local
    features. Where more than four fifths would be, the pixels stay as they are.
    classes: those of the detector's classes to hide.
    """

    detector: Detector
    classes: tuple[str, ...]
    fill: Fill

    @property
    def identity(self) -> str:
        """Method, fill, classes and model."""
        return f"masked-1-{self.fill}-{word_of(self.classes)}-{self.detector.identity}"

    def __call__(self, image: Rgb) -> Sequence[View]:
        """One view: all of the image, but for what is hidden."""
        mask = covered([one for one in self.detector.detect(image) if self._hides(one)], image)
        if not mask.any():
            return [View(image, whole(image))]
        pixels = image if mask.mean() > _MOST_HIDDEN else filled(image, mask, self.fill)
        return [View(pixels, whole(image), _with_margin(mask))]

    def _hides(self, one: Detection) -> bool:
        return one.label in self.classes and one.score >= _SURE


def covered(found: Sequence[Detection], image: Rgb) -> Mask:
    """What detections cover together: their masks, or their boxes where there are none."""
    mask = np.zeros(image.shape[:2], np.bool_)
    for one in found:
        left, top, right, bottom = pixels_of(one.box)
        inside = slice(top, bottom), slice(left, right)
        mask[inside] |= True if one.mask is None else one.mask[inside]
    return mask


def filled(image: Rgb, mask: Mask, fill: Fill) -> Rgb:
    """A copy of the image with other pixels under the mask, which leaves some of it out."""
    if fill == "mean":
        other = np.broadcast_to(np.rint(image[~mask].mean(axis=0)).astype(np.uint8), image.shape)
    else:
        other = _blurred(image)
    return np.where(mask[:, :, None], other, image)


def _blurred(image: Rgb) -> Rgb:
    height, width = image.shape[:2]
    size = (max(1, width // _BLUR), max(1, height // _BLUR))
    coarse = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC), np.uint8)


def _with_margin(mask: Mask) -> Mask:
    reach = 2 * (max(mask.shape) // _MARGIN) + 1
    grown = cv2.dilate(mask.astype(np.uint8), np.ones((reach, reach), np.uint8))
    return np.asarray(grown, np.bool_)
