"""What surrounds a facade and stays: ground, roof, balconies, wings, crates, trees."""

from __future__ import annotations

import cv2
import numpy as np
import skimage.data

from producer.drawing import signs, surroundings
from producer.drawing.camera import Quad
from producer.drawing.materials import Rng, Texture, brick, ground, plaster, stained, tiles
from producer.drawing.recipes import PER_METRE, WALLS, Recipe
from producer.drawing.surroundings import rgba, upright


def terrain(rng: Rng, recipe: Recipe) -> list[Quad]:
    """Lay the ground near and far and put a skyline behind."""
    sample = "grass" if recipe.soil == "grass" else "gravel"
    spectrum = np.asarray(getattr(skimage.data, sample)(), np.float32)
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
    """Add a manhole cover or a mended trench."""
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


def neighbours(rng: Rng, recipe: Recipe) -> list[Quad]:
    """Build what belongs to the house: roof, balconies, wings."""
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
    signs.graffiti(rng, front, (10, 10, 90, 70))
    side = stained(rng, plaster(rng, (80, 90), (0.5, 0.49, 0.47)), 1.0)
    return [
        Quad(rgba(side), (x, y + 1.1, 0), (0, 0, -1.3), (0, -1.1, 0)),
        Quad(rgba(side[:, ::-1]), (x + 2.5, y + 1.1, 0), (0, 0, -1.3), (0, -1.1, 0), shade=0.7),
        upright(rgba(front), x, y, (2.5, 1.1), -1.3, layer=5),
    ]


def _wing(rng: Rng, recipe: Recipe, side: int) -> list[Quad]:
    """Build a lower building beside and before the main one: its flank faces the middle."""
    wide, tall, deep = rng.uniform((2.5, 2.4, 1.5), (5.0, 5.5, 4.0))
    kind = str(rng.choice(list(WALLS)))
    tone = float(rng.uniform(0.4, 0.7))
    colour = (tone, tone * float(rng.uniform(0.8, 1)), tone * float(rng.uniform(0.7, 1)))
    scale = PER_METRE - 20
    faces = []
    for length in (wide, deep):
        face = stained(rng, WALLS[kind](rng, (int(tall * scale), int(length * scale)), colour))
        signs.poster(rng, face, (12, int(rng.uniform(0.2, 0.5) * tall * scale)))
        signs.graffiti(rng, face, (5, int(tall * scale) - 70, 90, int(tall * scale) - 5))
        faces.append(rgba(face))
    inner = side * (recipe.width / 2 + float(rng.uniform(-0.6, 0.8)))
    left = inner if side > 0 else inner - wide
    flank = (0.0, -deep) if side < 0 else (-deep, deep)
    return [
        Quad(faces[1], (inner, tall, flank[0]), (0, 0, flank[1]), (0, -tall, 0), 5, 0.72),
        upright(faces[0], float(left), 0.0, (float(wide), float(tall)), -float(deep), layer=5),
    ]


def furniture(rng: Rng, recipe: Recipe) -> list[Quad]:
    """Put crates and a tree before the house."""
    half = recipe.width / 2
    quads = []
    for x in rng.uniform(-half, half, 2):
        wood = stained(rng, brick(rng, (90, 110), (0.5, 0.4, 0.27), course=15.0), 0.8)
        signs.poster(rng, wood, (int(rng.uniform(0, 60)), int(rng.uniform(0, 40))))
        size = (float(rng.uniform(0.8, 1.4)), float(rng.uniform(0.5, 1.0)))
        quads.append(upright(rgba(wood), float(x), 0.0, size, -float(rng.uniform(0.8, 2.2))))
    if recipe.columns and rng.random() < 0.6:
        x = half * float(rng.choice([-1, 1])) * float(rng.uniform(0.8, 1.1))
        quads.append(surroundings.tree(rng, x, -1.6, float(rng.uniform(3.5, 6.0))))
    return quads
