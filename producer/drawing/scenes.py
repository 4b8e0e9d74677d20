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
from producer.drawing import fittings, signs, street, surroundings
from producer.drawing.camera import Quad
from producer.drawing.materials import (
    Mask,
    Rng,
    Texture,
    fractal,
    mix,
    noise,
    plaster,
    stained,
    tint,
)
from producer.drawing.recipes import PER_METRE, RECIPES, WALLS, Recipe
from producer.drawing.surroundings import rgba


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """A built place: one wall texture per stage, and what stands around it in every photo."""

    recipe: Recipe
    stages: tuple[Texture, ...]
    around: tuple[Quad, ...]
    scaffold: tuple[Quad, ...]


def build(seed: int, place: int) -> Scene:
    """Build one place of a world: same numbers, same place."""
    rng = np.random.default_rng((seed, place, 1))
    turn, style = divmod(place, len(RECIPES))
    recipe = RECIPES[style]
    picture = recipe.pictures[turn] if turn < len(recipe.pictures) else None
    around = [
        *street.terrain(rng, recipe),
        *street.neighbours(rng, recipe),
        *street.furniture(rng, recipe),
    ]
    return Scene(
        recipe,
        _stages(rng, recipe, picture),
        tuple(around),
        tuple(surroundings.scaffolding(rng, recipe.width * 0.55, recipe.height * 0.95)),
    )


def facade(scene: Scene, stage: int, gain: Mask) -> Quad:
    """Return the wall at a stage of the work; the gain of light is stretched over it."""
    recipe, wall = scene.recipe, scene.stages[stage]
    light = cv2.resize(gain, wall.shape[1::-1])
    corner = (-recipe.width / 2, recipe.height, 0.0)
    return Quad(rgba(wall * light[..., None]), corner, (recipe.width, 0, 0), (0, -recipe.height, 0))


def _stages(rng: Rng, recipe: Recipe, picture: str | None) -> tuple[Texture, ...]:
    size = (int(recipe.height * PER_METRE), int(recipe.width * PER_METRE))
    old = stained(rng, WALLS[recipe.wall](rng, size, recipe.colour))
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
    rows += 0.7 * noise(rng, size, 9) + 1.4 * noise(rng, size, 80)
    columns += 0.7 * noise(rng, size, 9) + 1.4 * noise(rng, size, 80)
    dirt = 1 + 0.085 * fractal(rng, size, 8, 3)

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
    colour = signs.muted(rng)
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
    signs.sign(rng, wall, (slot[2], top - int(rng.uniform(0, 40))), signs.word(rng), 34)
    low = height - int(1.5 * PER_METRE)
    signs.graffiti(rng, wall, (slot[3], low, slot[3] + int(2.2 * PER_METRE), height - 12))
    for _ in range(4):
        at = (int(rng.uniform(0, width - 60)), int(rng.uniform(height * 0.62, height - 50)))
        signs.poster(rng, wall, at)


def _fit_container(rng: Rng, wall: Texture) -> None:
    height, width = wall.shape[:2]
    for x, y in rng.uniform((0.04, 0.08), (0.6, 0.6), (3, 2)):
        mask = signs.lettering(rng, signs.word(rng), int(rng.integers(26, 54)))
        board = np.ones((*mask.shape, 3), np.float32) * np.float32(rng.uniform(0.75, 0.95))
        place = (int(x * width), int(y * height))
        cut = wall[place[1] : place[1] + mask.shape[0], place[0] : place[0] + mask.shape[1]]
        fit = cut.shape[:2]
        cut[:] = mix(cut, board[: fit[0], : fit[1]], mask[: fit[0], : fit[1]] * 0.85)
    for _ in range(5):
        at = (int(rng.uniform(0, width - 60)), int(rng.uniform(0.1, 0.7) * height))
        signs.poster(rng, wall, at)
    left = int(rng.uniform(0.05, 0.55) * width)
    signs.graffiti(rng, wall, (left, int(height * 0.45), left + width // 3, int(height * 0.92)))
    cv2.rectangle(wall, (0, 0), (width - 1, height - 1), (0.3, 0.16, 0.12), 10)


def _paint_mural(rng: Rng, wall: Texture, name: str) -> None:
    picture: Rgb = getattr(skimage.data, name)()
    height, width = wall.shape[:2]
    tall = int(height * 0.8)
    wide = min(int(tall * picture.shape[1] / picture.shape[0]), int(width * 0.72))
    left, top = int(width * 0.19), int(height * 0.05)
    fade = 0.08 + 0.08 * fractal(rng, (tall, wide), 70)
    fittings.mural(wall, picture, (left, top, left + wide, top + tall), fade)
