"""What the eyes hand on, from stage to stage.

Bytes are **decoded**, with the **metadata** that the camera wrote; a detector makes
**detections**; framing makes **views** of them, what each item looks like to the encoder; and
with their vectors the photo is **prepared** for the clusterer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.types import Box, GeoPoint, ImageRecord, Item, Mask, Rgb


@dataclass(frozen=True, slots=True)
class Metadata:
    """What the camera wrote into the file. `captured_at` is in seconds since the Unix epoch."""

    captured_at: float | None = None
    location: GeoPoint | None = None
    orientation: int = 1


@dataclass(frozen=True, slots=True, eq=False)
class Decoded:
    """Pixels at working scale, and the size of the upright original in pixels."""

    image: Rgb
    width: int
    height: int


@dataclass(frozen=True, slots=True, eq=False)
class Detection:
    """Something found in an image; box, points and mask in pixels of that image.

    label: its class, as the model's card names it. score: how surely, 0 to 1.
    points: (5, 2) float32 of a face (eyes of the image's left and right, nose, corners of the
    mouth, x and y), None where there are none. mask: what of the whole image it covers, None
    where only the box is known.
    """

    box: Box
    label: str
    score: float
    points: NDArray[np.float32] | None = None
    mask: Mask | None = None


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """What one item looks like to the encoder, and where in the image it lies.

    pixels: what is embedded. box: in pixels of the image. hidden: where in `pixels` no local
    feature may be taken, None for nowhere. label, score, quality: as those of an item.
    """

    pixels: Rgb
    box: Box
    hidden: Mask | None = None
    label: str = ""
    score: float = 1.0
    quality: float = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A photo that went through the pipeline: its record, its items, seconds spent per stage."""

    image: ImageRecord
    items: tuple[Item, ...]
    timings: Mapping[str, float]
