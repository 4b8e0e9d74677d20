"""Every face of an image is an item: found, aligned by its five points, judged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.ports import Detector
from engine.sight import Detection, View
from engine.types import Box, Rgb
from engine.vision.align import scale_of, similarity, warped
from engine.vision.face_quality import quality

_METHOD = "faces-1"  # change it whenever any image gets other views


@dataclass(frozen=True, slots=True)
class Faces:
    """Implements `Framing`: none where there is no face.

    side: pixels a side of an aligned face; an encoder's card reduces it to what that wants.
    least: pixels of the image across the aligned face from which on it is an item: who is
    smaller cannot be told from anybody.
    """

    detector: Detector
    side: int = 256
    least: int = 32

    @property
    def identity(self) -> str:
        """Method, sizes and detector."""
        return f"{_METHOD}-{self.side}-{self.least}-{self.detector.identity}"

    def __call__(self, image: Rgb) -> Sequence[View]:
        """One view a face, surest first."""
        views = (self._view(face, image) for face in self.detector.detect(image))
        return tuple(view for view in views if view is not None)

    def _view(self, face: Detection, image: Rgb) -> View | None:
        box = _within(face.box, image)
        onto = None if face.points is None else similarity(face.points, self.side)
        if onto is None or face.points is None or box is None:
            return None
        seen = self.side / scale_of(onto)
        if seen < self.least:
            return None
        crop = warped(image, onto, self.side)
        judged = quality(crop, face.points, seen)
        return View(crop, box, label=face.label, score=face.score, quality=judged)


def _within(box: Box, image: Rgb) -> Box | None:
    """The part of a box that lies in the image, None where none does."""
    height, width = image.shape[:2]
    left, right = max(0.0, box.left), min(float(width), box.right)
    top, bottom = max(0.0, box.top), min(float(height), box.bottom)
    return Box(left, top, right, bottom) if left < right and top < bottom else None
