"""Items that a detector finds: the main object of a photo, or every object of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

from engine.ports import Detector
from engine.sight import Detection, View
from engine.types import Box, Rgb
from engine.vision.boxes import area, centrality, cut_out, iou, padded
from engine.vision.classes import word_of
from engine.vision.framing import WholeImage

PADDING = 0.1  # of a box's sides, all around: outlines and shadows say what a thing is, too
_LEAST_SIDE = 24.0  # pixels; encoders see a smudge in less
_MOST_ELONGATED = 5.0  # longer side by shorter: arms, table edges, slivers at the border
_SAME_THING = 0.8  # overlap (IoU) of a car and a truck that are one thing

_FOUND = f"{PADDING}-{_LEAST_SIDE:g}-{_MOST_ELONGATED:g}-{_SAME_THING}"


@dataclass(frozen=True, slots=True)
class Crops:
    """Every object is an item; implements `Framing`. Nothing found: no items.

    classes: those of the detector's classes that count.
    """

    detector: Detector
    classes: tuple[str, ...]

    @property
    def identity(self) -> str:
        """Method, parameters, classes and model."""
        return f"crops-1-{_FOUND}-{word_of(self.classes)}-{self.detector.identity}"

    def __call__(self, image: Rgb) -> Sequence[View]:
        """One view an object, surest first: padded pixels, and the box as it was found."""
        return [_view(one, image) for one in objects_in(image, self.detector, self.classes)]


@dataclass(frozen=True, slots=True)
class MainObject:
    """What a photo was taken for is its item; implements `Framing`. Nothing found: all of it.

    classes: those of the detector's classes that count.
    """

    detector: Detector
    classes: tuple[str, ...]

    @property
    def identity(self) -> str:
        """Method, parameters, classes and model."""
        return f"main-1-{_FOUND}-{word_of(self.classes)}-{self.detector.identity}"

    def __call__(self, image: Rgb) -> Sequence[View]:
        """One view: the padded pixels of the most prominent object, or all of the image."""
        found = objects_in(image, self.detector, self.classes)
        if not found:
            return WholeImage()(image)
        return [_view(max(found, key=lambda one: prominence(one, image)), image)]


def objects_in(image: Rgb, detector: Detector, classes: Sequence[str]) -> list[Detection]:
    """What is worth a crop, surest first: neither tiny nor a sliver, each thing once."""
    kept: list[Detection] = []
    for one in detector.detect(image):
        wanted = one.label in classes and _worth_a_crop(one.box)
        if wanted and all(iou(one.box, other.box) < _SAME_THING for other in kept):
            kept.append(one)
    return kept


def prominence(found: Detection, image: Rgb) -> float:
    """How likely a photo was taken for this: sure, large, in the middle, and each of them counts.

    Size by length, not by area: the table under a cup is ten times as large.
    """
    return found.score * sqrt(area(found.box)) * centrality(found.box, image)


def _worth_a_crop(box: Box) -> bool:
    across, down = box.right - box.left, box.bottom - box.top
    shorter, longer = min(across, down), max(across, down)
    return shorter >= _LEAST_SIDE and longer <= _MOST_ELONGATED * shorter


def _view(found: Detection, image: Rgb) -> View:
    pixels = cut_out(image, padded(found.box, image, PADDING))
    return View(pixels, found.box, label=found.label, score=found.score)
