"""The styles of place that sample photos show; two of each pair of look-alikes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from producer.drawing.materials import Colour, Rng, Texture, brick, concrete, corrugated, plaster

PER_METRE = 70
"""Texture pixels per metre of wall."""

WALLS: dict[str, Callable[[Rng, tuple[int, int], Colour], Texture]] = {
    "brick": brick,
    "plaster": plaster,
    "concrete": concrete,
    "metal": corrugated,
}


@dataclass(frozen=True, slots=True)
class Recipe:
    """Style of a place.

    pictures: names of photographs in scikit-image, one for each place of this style.
    """

    wall: str
    colour: Colour
    finish: Colour
    width: float = 14.0
    height: float = 8.0
    floors: int = 3
    columns: int = 5
    soil: str = "paving"
    shutter: Colour | None = None
    pictures: tuple[str, ...] = ()
    roof: bool = True
    balconies: bool = False
    gate: bool = False
    distance: float = 11.0


_RED, _WHITE, _GREY = (0.52, 0.3, 0.23), (0.78, 0.76, 0.7), (0.55, 0.55, 0.54)
_GREEN, _RUST, _BLUE = (0.2, 0.33, 0.26), (0.46, 0.2, 0.15), (0.22, 0.33, 0.45)
_CONTAINER = Recipe(
    "metal", _RUST, _RUST, 6.1, 2.6, 0, 0, "gravel", roof=False, distance=6.5
)  # one container, two sides

RECIPES = (
    Recipe("brick", _RED, _WHITE, shutter=None),
    Recipe("brick", _RED, _WHITE, shutter=None),  # look-alike of the one before
    Recipe("plaster", _WHITE, (0.75, 0.62, 0.42), shutter=_GREEN, columns=4),
    Recipe("plaster", _WHITE, (0.75, 0.62, 0.42), shutter=_GREEN, columns=4),  # look-alike
    _CONTAINER,
    _CONTAINER,
    Recipe("plaster", _GREY, _WHITE, 11.0, 8.5, 3, 1, "asphalt", pictures=("chelsea", "coffee")),
    Recipe("concrete", _GREY, _WHITE, 15.0, 9.0, 3, 5, "asphalt", roof=False, balconies=True),
    Recipe("metal", _GREY, _BLUE, 15.0, 6.0, 1, 3, "gravel", roof=False, gate=True),
    Recipe(
        "brick",
        (0.5, 0.34, 0.27),
        _GREY,
        11.0,
        8.0,
        3,
        1,
        "paving",
        pictures=("astronaut", "hubble_deep_field"),
    ),
    Recipe("concrete", _GREY, _WHITE, 14.0, 7.5, 2, 5, "grass", gate=True, roof=False),
    Recipe("brick", _WHITE, _WHITE, 12.0, 7.0, 2, 2, "gravel", pictures=("rocket",), roof=False),
)
