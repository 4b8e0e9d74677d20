"""How an image becomes items: the whole of it is one, unless something finds more in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.sight import View
from engine.types import Box, Rgb


@dataclass(frozen=True, slots=True)
class WholeImage:
    """The image is the item; implements `Framing`."""

    @property
    def identity(self) -> str:
        """Name of the method."""
        return "whole"

    def __call__(self, image: Rgb) -> Sequence[View]:
        """One view: all of it."""
        height, width = image.shape[:2]
        return (View(image, Box(0.0, 0.0, float(width), float(height))),)
