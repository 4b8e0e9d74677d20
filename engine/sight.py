"""What the eyes hand on: pixels at working scale, and what the camera wrote beside them."""

from __future__ import annotations

from dataclasses import dataclass

from engine.types import GeoPoint, Rgb


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
