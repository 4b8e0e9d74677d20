"""What hangs on a wall: windows, doors, shutters, pipes, murals.

All draw onto a texture in place; boxes are pixels: left, top, right, bottom.
"""

from __future__ import annotations

from typing import TypeAlias

import cv2
import numpy as np

from engine.types import Rgb
from producer.drawing.materials import (
    Colour,
    Mask,
    Rng,
    Texture,
    blank,
    corrugated,
    fractal,
    mix,
    noise,
    plaster,
    stained,
    tint,
)

Box: TypeAlias = tuple[int, int, int, int]


def window(rng: Rng, wall: Texture, box: Box, frame: Colour) -> None:
    """Put a window in its reveal: reflection, blind or curtain, glazing bars, sill."""
    left, top, right, bottom = box
    size = (bottom - top, right - left)
    glass = _glass(rng, size)
    _bars(glass, int(rng.integers(1, 4)), int(rng.integers(1, 4)), frame)
    wall[top:bottom, left:right] = glass
    _reveal(wall, box)
    _sill(rng, wall, box)


def _glass(rng: Rng, size: tuple[int, int]) -> Texture:
    depth = np.linspace(0.42, 0.12, size[0], dtype=np.float32)[:, None]
    sky = depth + 0.09 * fractal(rng, size, 40) + 0.05 * noise(rng, size, (50, 9))
    glass = tint(blank(size, (0.85, 0.97, 1.1)), np.clip(sky, 0.03, 0.8).astype(np.float32))
    cloth = _shades(rng.uniform(0.55, 0.9), rng.uniform(0.9, 1.0))
    drawn = int(size[0] * rng.uniform(0, 0.75))
    side = int(size[1] * rng.uniform(0.08, 0.32))
    folds = 1 + 0.12 * noise(rng, size, (size[0], 4))
    curtain = tint(blank(size, cloth), folds * 0.75)
    if rng.random() < 0.5:
        slats = 0.62 + 0.2 * (np.arange(drawn) % 6 < 4).astype(np.float32)
        glass[:drawn] = np.array(cloth, np.float32) * slats[:, None, None]
    else:
        glass[:, :side], glass[:, -side:] = curtain[:, :side], curtain[:, -side:]
    if rng.random() < 0.45:
        _plant(rng, glass)
    return glass


def _plant(rng: Rng, glass: Texture) -> None:
    height, width = glass.shape[:2]
    foot = np.array([rng.uniform(0.25, 0.75) * width, height])
    for _ in range(int(rng.integers(8, 22))):
        tip = foot + rng.normal((0, -0.2 * height), (0.12 * width, 0.1 * height))
        green = (0.1, float(rng.uniform(0.2, 0.42)), 0.1)
        cv2.ellipse(
            glass,
            (int(tip[0]), int(tip[1])),
            (5, 2),
            float(rng.uniform(0, 180)),
            0,
            360,
            green,
            -1,
            cv2.LINE_AA,
        )


def _bars(glass: Texture, rows: int, columns: int, frame: Colour) -> None:
    height, width = glass.shape[:2]
    cv2.rectangle(glass, (0, 0), (width - 1, height - 1), frame, 6)
    for i in range(1, columns):
        cv2.line(glass, (i * width // columns, 0), (i * width // columns, height), frame, 4)
    for i in range(1, rows):
        cv2.line(glass, (0, i * height // rows), (width, i * height // rows), frame, 3)


def _reveal(wall: Texture, box: Box) -> None:
    left, top, right, bottom = box
    wall[top : top + 5, left:right] *= 0.4
    wall[top:bottom, left : left + 3] *= 0.6
    wall[max(0, top - 6) : top, max(0, left - 5) : right + 5] *= 1.08


def _sill(rng: Rng, wall: Texture, box: Box) -> None:
    left, _, right, bottom = box
    stone = float(rng.uniform(0.55, 0.78))
    wall[bottom : bottom + 5, max(0, left - 5) : right + 5] = stone
    wall[bottom + 5 : bottom + 8, max(0, left - 5) : right + 5] *= 0.5
    streaks = wall[bottom + 8 : bottom + 70, left:right]
    if streaks.size:
        run = np.clip(noise(rng, (streaks.shape[0], streaks.shape[1]), (80, 5)), 0, 2)
        fade = np.linspace(1, 0, streaks.shape[0], dtype=np.float32)[:, None]
        streaks *= (1 - 0.13 * run * fade)[..., None]


def opening(rng: Rng, wall: Texture, box: Box) -> None:
    """Leave a hole where a window will be: dark room, rough edge, boards nailed across."""
    left, top, right, bottom = box
    size = (bottom - top, right - left)
    dark = tint(blank(size, (0.16, 0.15, 0.14)), 1 + 0.3 * fractal(rng, size, 30))
    for _ in range(int(rng.integers(1, 4))):
        y = int(rng.uniform(0.1, 0.8) * size[0])
        tilt = int(rng.normal(0, 0.1 * size[0]))
        wood = tuple(float(v) for v in rng.uniform(0.8, 1.1) * np.array((0.55, 0.42, 0.27)))
        cv2.line(dark, (0, y), (size[1], y + tilt), wood, 9, cv2.LINE_AA)
    wall[top:bottom, left:right] = dark
    cv2.rectangle(wall, (left, top), (right, bottom), (0.45, 0.42, 0.4), 3)


def shutters(rng: Rng, wall: Texture, box: Box, colour: Colour) -> None:
    """Hang a pair of louvred wooden shutters beside a window; some slats are broken."""
    left, top, right, bottom = box
    width = max(6, (right - left) // 2)
    for x in (left - width - 2 + int(rng.normal(0, 3)), right + 2 + int(rng.normal(0, 3))):
        leaf = blank((bottom - top, width), colour)
        rows = np.arange(bottom - top) + rng.normal(0, 0.6)
        slat = 0.8 + 0.16 * np.sin(rows * rng.uniform(0.6, 1.2)) + rng.normal(0, 0.08, bottom - top)
        leaf = tint(leaf, np.broadcast_to(slat[:, None], leaf.shape[:2]).astype(np.float32))
        leaf = stained(rng, leaf, 1.2)
        cv2.rectangle(leaf, (0, 0), (width - 1, bottom - top - 1), colour, 4)
        hung = max(0, top + int(rng.normal(0, 4)))
        if x >= 0 and x + width < wall.shape[1]:
            wall[hung : hung + leaf.shape[0], x : x + width] = leaf


def door(rng: Rng, wall: Texture, box: Box, colour: Colour) -> None:
    """Hang a panelled door with handle, letter slot and a worn foot."""
    left, top, right, bottom = box
    leaf = stained(rng, plaster(rng, (bottom - top, right - left), colour), 0.8)
    height, width = leaf.shape[:2]
    for _ in range(int(rng.integers(2, 6))):
        x0, y0 = int(rng.uniform(0.08, 0.5) * width), int(rng.uniform(0.05, 0.7) * height)
        x1 = min(width - 6, x0 + int(rng.uniform(0.2, 0.5) * width))
        y1 = min(height - 8, y0 + int(rng.uniform(0.1, 0.3) * height))
        leaf[y0:y1, x0:x1] *= float(rng.uniform(0.6, 1.3))
        cv2.rectangle(leaf, (x0, y0), (x1, y1), (0.15, 0.13, 0.12), 2)
    cv2.circle(leaf, (int(width * 0.86), height // 2), 4, (0.8, 0.75, 0.5), -1, cv2.LINE_AA)
    wall[top:bottom, left:right] = leaf
    _reveal(wall, box)
    cv2.rectangle(wall, (left, top), (right, bottom), (0.75, 0.73, 0.7), 4)


def roller_door(rng: Rng, wall: Texture, box: Box, colour: Colour) -> None:
    """Hang a roller shutter: horizontal slats, dents, a half-open gap."""
    left, top, right, bottom = box
    sheet = np.rot90(corrugated(rng, (right - left, bottom - top), colour, pitch=9.0))
    gap = int((bottom - top) * rng.uniform(0.0, 0.3))
    wall[top:bottom, left:right] = sheet
    if gap:
        wall[bottom - gap : bottom, left:right] *= 0.15
    _reveal(wall, box)


def pipe(rng: Rng, wall: Texture, x: int) -> None:
    """Fix a rain pipe from eave to foot with brackets and its shadow."""
    round_shade = np.array([0.5, 0.8, 1.0, 0.9, 0.7, 0.5, 0.35], dtype=np.float32)
    metal = float(rng.uniform(0.3, 0.7)) * round_shade
    wall[:, x + 7 : x + 12] *= 0.65
    wall[:, x : x + 7] = metal[None, :, None]
    for y in rng.uniform(0, wall.shape[0], 5).astype(int):
        wall[y : y + 4, x - 2 : x + 9] *= 0.5


def mural(wall: Texture, picture: Rgb, box: Box, fade: Mask) -> None:
    """Paint a photograph on the wall: the wall's grain shows through, the paint has faded."""
    left, top, right, bottom = box
    size = (right - left, bottom - top)
    art = cv2.resize(picture, size, interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    region = wall[top:bottom, left:right]
    grain = region / np.maximum(cv2.GaussianBlur(region, (0, 0), 6), 0.05)
    region[:] = mix(region, art * np.clip(grain, 0.6, 1.3), 0.92 - np.clip(fade, 0, 0.5))


def _shades(bright: float, warm: float) -> Colour:
    return (bright, bright * warm, bright * 0.9)
