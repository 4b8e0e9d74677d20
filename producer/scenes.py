"""Places to photograph: recipes for buildings, and the textured quads they consist of.

A scene is fixed for ever; only its stage (before, during, after the work) changes its face.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
import skimage.data

from engine.types import Rgb
from producer import fittings, surroundings
from producer.camera import Quad
from producer.materials import (
    Colour,
    Mask,
    Texture,
    brick,
    concrete,
    corrugated,
    fractal,
    ground,
    mix,
    noise,
    plaster,
    stained,
    tiles,
    tint,
)
from producer.surroundings import rgba, upright

Rng = np.random.Generator
PER_METRE = 70
"""Texture pixels per metre of wall."""

_WALLS: dict[str, Callable[[Rng, tuple[int, int], Colour], Texture]] = {
    "brick": brick,
    "plaster": plaster,
    "concrete": concrete,
    "metal": corrugated,
}


@dataclass(frozen=True, slots=True)
class Recipe:
    """Style of a place. `pictures` name photographs in scikit-image, one for each place
    of this style, to be painted on the wall."""

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


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """A built place: one wall texture per stage, and what stands around it in every photo."""

    recipe: Recipe
    stages: tuple[Texture, ...]
    around: tuple[Quad, ...]
    scaffold: tuple[Quad, ...]


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
    Recipe("brick", (0.5, 0.34, 0.27), _GREY, 11.0, 8.0, 3, 1, "paving", pictures=("astronaut", "hubble_deep_field")),
    Recipe("concrete", _GREY, _WHITE, 14.0, 7.5, 2, 5, "grass", gate=True, roof=False),
    Recipe("brick", _WHITE, _WHITE, 12.0, 7.0, 2, 2, "gravel", pictures=("rocket",), roof=False),
)


def build(seed: int, place: int) -> Scene:
    """Build one place of a world: same numbers, same place."""
    rng = np.random.default_rng((seed, place, 1))
    turn, style = divmod(place, len(RECIPES))
    recipe = RECIPES[style]
    picture = recipe.pictures[turn] if turn < len(recipe.pictures) else None
    around = [*_terrain(rng, recipe), *_neighbours(rng, recipe), *_furniture(rng, recipe)]
    return Scene(
        recipe,
        _stages(rng, recipe, picture),
        tuple(around),
        tuple(surroundings.scaffolding(rng, recipe.width * 0.55, recipe.height * 0.95)),
    )


def facade(scene: Scene, stage: int, gain: Mask) -> Quad:
    """The wall at a stage of the work, under a gain of light (any size, stretched to the wall)."""
    recipe, wall = scene.recipe, scene.stages[stage]
    light = cv2.resize(gain, wall.shape[1::-1])
    corner = (-recipe.width / 2, recipe.height, 0.0)
    return Quad(
        rgba(wall * light[..., None]), corner, (recipe.width, 0, 0), (0, -recipe.height, 0)
    )


def _stages(rng: Rng, recipe: Recipe, picture: str | None) -> tuple[Texture, ...]:
    size = (int(recipe.height * PER_METRE), int(recipe.width * PER_METRE))
    old = stained(rng, _WALLS[recipe.wall](rng, size, recipe.colour))
    new = plaster(rng, size, recipe.finish)
    region = _treated(rng, size)
    fresh = rng.random(64) < 0.3
    parts = int(rng.integers(2**31))
    age = _ageing(rng, size)
    walls = []
    for stage in range(3):
        wall = mix(old, new, np.clip((region + (stage - 1.6) * 0.9) * 6, 0, 1)) if stage else old
        wall = np.ascontiguousarray(wall)
        _fit_out(np.random.default_rng(parts), wall, recipe, picture, fresh & (stage < 2))
        walls.append(age(wall))
    return tuple(walls)


def _ageing(rng: Rng, size: tuple[int, int]) -> Callable[[Texture], Texture]:
    """Nothing on an old wall is quite straight or clean: no two window corners look alike."""
    rows, columns = np.indices(size, dtype=np.float32)
    rows += 0.4 * noise(rng, size, 9) + 0.9 * noise(rng, size, 80)
    columns += 0.4 * noise(rng, size, 9) + 0.9 * noise(rng, size, 80)
    dirt = 1 + 0.085 * fractal(rng, size, 12, 3)

    def age(wall: Texture) -> Texture:
        bent = cv2.remap(wall, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
        return tint(np.asarray(bent, np.float32), dirt)

    return age


def _treated(rng: Rng, size: tuple[int, int]) -> Mask:
    """Where work goes on: positive in about a third of the wall, towards one upper corner."""
    across = np.linspace(-1, 1, size[1], dtype=np.float32)[None, :] * float(rng.choice([-1, 1]))
    upward = np.linspace(1, -1, size[0], dtype=np.float32)[:, None]
    field = 0.9 * across + 0.7 * upward - 0.45 + 0.25 * fractal(rng, size, 90)
    return np.asarray(field + 0.03 * noise(rng, size, 3), dtype=np.float32)


def _fit_out(
    rng: Rng, wall: Texture, recipe: Recipe, picture: str | None, missing: np.ndarray
) -> None:
    if picture:
        _paint_mural(rng, wall, picture)
    if not recipe.columns:
        _fit_container(rng, wall)
        return
    _fit_windows(rng, wall, recipe, missing)
    _fit_street_level(rng, wall, recipe)
    for x in rng.uniform(0.03, 0.97, 2) * wall.shape[1]:
        fittings.pipe(rng, wall, min(int(x), wall.shape[1] - 14))


def _fit_windows(rng: Rng, wall: Texture, recipe: Recipe, missing: np.ndarray) -> None:
    height, width = wall.shape[:2]
    storey, bay = height / recipe.floors, width / recipe.columns
    tall, wide = storey * rng.uniform(0.44, 0.56), min(bay * rng.uniform(0.36, 0.46), 105.0)
    pitch = (bay, storey) if not recipe.pictures else (width, storey)
    frame_tone = float(rng.uniform(0.7, 0.92)) if rng.random() < 0.6 else 0.2
    for number in range((recipe.floors - 1) * recipe.columns):
        row, column = divmod(number, recipe.columns)
        middle = (column + 0.5) * pitch[0] + rng.normal(0, 7)
        if recipe.pictures:
            middle = width * 0.08
        left, top = int(middle - wide / 2), int((row + 0.22) * storey + rng.normal(0, 3))
        box = (max(left, 4), max(top, 8), int(left + wide), int(top + tall))
        state = np.random.default_rng(rng.integers(2**31))
        if missing[number % 64]:
            fittings.opening(state, wall, box)
            continue
        fittings.window(state, wall, box, (frame_tone,) * 3)
        if recipe.shutter:
            fittings.shutters(state, wall, box, recipe.shutter)


def _fit_street_level(rng: Rng, wall: Texture, recipe: Recipe) -> None:
    height, width = wall.shape[:2]
    spots = rng.permutation(4)
    slot = [int((spot + 0.12) * width / 4 + rng.uniform(0, 0.05) * width) for spot in spots]
    colour = tuple(float(v) for v in rng.uniform(0.12, 0.5, 3))
    if recipe.gate:
        gate = (slot[0], height - int(3.0 * PER_METRE), slot[0] + int(2.7 * PER_METRE), height)
        fittings.roller_door(rng, wall, gate, colour)
    else:
        box = (slot[0], height - int(2.2 * PER_METRE), slot[0] + int(1.1 * PER_METRE), height)
        fittings.door(rng, wall, box, colour)
    tall = int(rng.uniform(1.1, 1.6) * PER_METRE)
    top = height - int(rng.uniform(2.1, 2.4) * PER_METRE)
    wide = int(rng.uniform(1.2, 2.0) * PER_METRE)
    fittings.window(rng, wall, (slot[1], top, slot[1] + wide, top + tall), (0.3, 0.3, 0.3))
    fittings.sign(rng, wall, (slot[2], top - int(rng.uniform(0, 40))), _words(rng), 34)
    low = height - int(1.5 * PER_METRE)
    fittings.graffiti(rng, wall, (slot[3], low, slot[3] + int(2.2 * PER_METRE), height - 12))
    for _ in range(4):
        at = (int(rng.uniform(0, width - 60)), int(rng.uniform(height * 0.62, height - 50)))
        fittings.poster(rng, wall, at)


def _fit_container(rng: Rng, wall: Texture) -> None:
    height, width = wall.shape[:2]
    for x, y in rng.uniform((0.04, 0.08), (0.6, 0.6), (3, 2)):
        mask = fittings.lettering(rng, _words(rng), int(rng.integers(26, 54)))
        board = np.ones((*mask.shape, 3), np.float32) * np.float32(rng.uniform(0.75, 0.95))
        place = (int(x * width), int(y * height))
        cut = wall[place[1] : place[1] + mask.shape[0], place[0] : place[0] + mask.shape[1]]
        fit = cut.shape[:2]
        cut[:] = mix(cut, board[: fit[0], : fit[1]], mask[: fit[0], : fit[1]] * 0.85)
    for _ in range(5):
        at = (int(rng.uniform(0, width - 60)), int(rng.uniform(0.1, 0.7) * height))
        fittings.poster(rng, wall, at)
    left = int(rng.uniform(0.05, 0.55) * width)
    fittings.graffiti(rng, wall, (left, int(height * 0.45), left + width // 3, int(height * 0.92)))
    cv2.rectangle(wall, (0, 0), (width - 1, height - 1), (0.3, 0.16, 0.12), 10)


def _paint_mural(rng: Rng, wall: Texture, name: str) -> None:
    picture: Rgb = getattr(skimage.data, name)()
    height, width = wall.shape[:2]
    tall = int(height * 0.8)
    wide = min(int(tall * picture.shape[1] / picture.shape[0]), int(width * 0.72))
    left, top = int(width * 0.19), int(height * 0.05)
    fade = 0.12 + 0.14 * fractal(rng, (tall, wide), 70)
    fittings.mural(wall, picture, (left, top, left + wide, top + tall), fade)


def _words(rng: Rng) -> str:
    pairs = rng.integers(0, (17, 6), (int(rng.integers(2, 4)), 2))
    name = "".join("BDFGHJKLMNPRSTVWZ"[c] + "AEIOUY"[v] for c, v in pairs)
    return name if rng.random() < 0.5 else name.title()


def _terrain(rng: Rng, recipe: Recipe) -> list[Quad]:
    grey = {"grass": skimage.data.grass, "gravel": skimage.data.gravel}
    spectrum = grey.get(recipe.soil, skimage.data.gravel)().astype(np.float32)
    near = ground(rng, (720, 1280), recipe.soil, spectrum)
    near[:26] *= np.linspace(0.5, 1, 26, dtype=np.float32)[:, None, None]  # dark foot of the wall
    for _ in range(3):
        _patch(rng, near)
    far = ground(rng, (240, 480), str(rng.choice(["asphalt", "grass"])), spectrum)
    return [
        Quad(rgba(far), (-60, -0.03, 60), (120, 0, 0), (0, 0, -100), layer=1),
        Quad(rgba(near), (-13, 0, 0), (26, 0, 0), (0, 0, -16), layer=3),
        surroundings.skyline(rng, 42.0, 2.0, 11.0),
    ]


def _patch(rng: Rng, floor: Texture) -> None:
    """A manhole cover or a mended trench."""
    x, y = int(rng.uniform(200, 1080)), int(rng.uniform(60, 500))
    dark = float(rng.uniform(0.15, 0.3))
    if rng.random() < 0.5:
        floor[y : y + int(rng.uniform(20, 60)), x : x + int(rng.uniform(80, 300))] *= dark + 0.5
        return
    cv2.circle(floor, (x, y), 17, (dark, dark, dark), -1, cv2.LINE_AA)
    for angle in rng.uniform(0, np.pi, 5):
        reach = 14 * np.array((np.cos(angle), np.sin(angle)))
        start, end = (np.array((x, y)) - reach).astype(int), (np.array((x, y)) + reach).astype(int)
        cv2.line(floor, start.tolist(), end.tolist(), (0.42, 0.42, 0.4), 2, cv2.LINE_AA)


def _neighbours(rng: Rng, recipe: Recipe) -> list[Quad]:
    quads = []
    if recipe.roof:
        depth = 3.4
        roof = tiles(rng, (260, int(recipe.width * 40)), (0.4, 0.24, 0.2))
        corner = (-recipe.width / 2 - 0.3, recipe.height + depth * 0.9, depth)
        down = (0, -depth * 0.9 - 0.15, -depth - 0.35)
        quads.append(Quad(rgba(roof), corner, (recipe.width + 0.6, 0, 0), down, layer=4))
    if recipe.balconies:
        for _ in range(5):
            quads += _balcony(rng, recipe)
    for side in (-1, 1):
        if rng.random() < 0.7:
            quads += _wing(rng, recipe, side)
    return quads


def _balcony(rng: Rng, recipe: Recipe) -> list[Quad]:
    x = float(rng.uniform(-recipe.width / 2, recipe.width / 2 - 2.5))
    y = float(rng.choice([3.0, 6.0])) - 0.2
    front = stained(rng, plaster(rng, (80, 180), (0.62, 0.6, 0.57)), 1.2)
    fittings.graffiti(rng, front, (10, 10, 90, 70))
    side = stained(rng, plaster(rng, (80, 90), (0.5, 0.49, 0.47)), 1.0)
    return [
        Quad(rgba(side), (x, y + 1.1, 0), (0, 0, -1.3), (0, -1.1, 0)),
        Quad(rgba(side[:, ::-1]), (x + 2.5, y + 1.1, 0), (0, 0, -1.3), (0, -1.1, 0), shade=0.7),
        upright(rgba(front), x, y, (2.5, 1.1), -1.3, layer=5),
    ]


def _wing(rng: Rng, recipe: Recipe, side: int) -> list[Quad]:
    """A lower building beside and before the main one: its flank faces the middle."""
    wide, tall, deep = rng.uniform((2.5, 2.4, 1.5), (5.0, 5.5, 4.0))
    kind = str(rng.choice(list(_WALLS)))
    tone = float(rng.uniform(0.4, 0.7))
    colour = (tone, tone * float(rng.uniform(0.8, 1)), tone * float(rng.uniform(0.7, 1)))
    scale = PER_METRE - 20
    faces = []
    for length in (wide, deep):
        face = stained(rng, _WALLS[kind](rng, (int(tall * scale), int(length * scale)), colour))
        fittings.sign(rng, face, (12, int(rng.uniform(0.2, 0.5) * tall * scale)), _words(rng), 20)
        fittings.graffiti(rng, face, (5, int(tall * scale) - 70, 90, int(tall * scale) - 5))
        faces.append(rgba(face))
    inner = side * (recipe.width / 2 + float(rng.uniform(-0.6, 0.8)))
    left = inner if side > 0 else inner - wide
    flank = (0.0, -deep) if side < 0 else (-deep, deep)
    return [
        Quad(faces[1], (inner, tall, flank[0]), (0, 0, flank[1]), (0, -tall, 0), 5, 0.72),
        upright(faces[0], float(left), 0.0, (float(wide), float(tall)), -float(deep), layer=5),
    ]


def _furniture(rng: Rng, recipe: Recipe) -> list[Quad]:
    half = recipe.width / 2
    quads = []
    for x in rng.uniform(-half, half, 2):
        wood = stained(rng, brick(rng, (90, 110), (0.5, 0.4, 0.27), course=15.0), 0.8)
        fittings.poster(rng, wood, (int(rng.uniform(0, 60)), int(rng.uniform(0, 40))))
        size = (float(rng.uniform(0.8, 1.4)), float(rng.uniform(0.5, 1.0)))
        quads.append(upright(rgba(wood), float(x), 0.0, size, -float(rng.uniform(0.8, 2.2))))
    if recipe.columns and rng.random() < 0.6:
        x = half * float(rng.choice([-1, 1])) * float(rng.uniform(0.8, 1.1))
        quads.append(surroundings.tree(rng, x, -1.6, float(rng.uniform(3.5, 6.0))))
    return quads
