"""Building materials as pictures: noise, brick, plaster, concrete, metal, tiles, ground.

Every function takes its own random generator, so no two sites share one patch of texture:
geometry would rightly match it. Textures are float32 (height, width, 3), 0 to 1, sRGB.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

Texture: TypeAlias = NDArray[np.floating[Any]]
Mask: TypeAlias = NDArray[np.floating[Any]]
Colour: TypeAlias = tuple[float, float, float]
Rng: TypeAlias = np.random.Generator
Size: TypeAlias = tuple[int, int]
"""Height and width in pixels."""


def blank(size: Size, colour: Colour) -> Texture:
    """One colour everywhere."""
    return np.full((*size, 3), colour, dtype=np.float32)


def noise(rng: Rng, size: Size, cell: float | tuple[float, float]) -> Mask:
    """Smooth noise with features of about `cell` pixels (height, width), standard deviation ~1."""
    cells = cell if isinstance(cell, tuple) else (cell, cell)
    grid = (max(2, round(size[0] / cells[0])), max(2, round(size[1] / cells[1])))
    coarse = rng.standard_normal(grid, dtype=np.float32)
    return np.asarray(cv2.resize(coarse, size[::-1], interpolation=cv2.INTER_CUBIC), np.float32)


def fractal(rng: Rng, size: Size, cell: float, octaves: int = 4) -> Mask:
    """Multi-octave value noise (fractional Brownian motion), standard deviation ~1."""
    total = np.zeros(size, dtype=np.float32)
    for octave in range(octaves):
        total += noise(rng, size, max(1.0, cell / 2**octave)) * np.float32(0.62**octave)
    return total


def tint(texture: Texture, gain: Mask) -> Texture:
    """Lighten (above 1) or darken (below 1) pixel by pixel."""
    return np.asarray(texture * gain[..., None], dtype=np.float32)


def mix(under: Texture, over: Texture | Colour, share: Mask) -> Texture:
    """Blend `over` onto `under` where `share` is towards 1."""
    weight = np.clip(share, 0.0, 1.0)[..., None]
    return np.asarray(under + (np.asarray(over, np.float32) - under) * weight, dtype=np.float32)


def random_phase(rng: Rng, sample: Mask, size: Size) -> Mask:
    """Noise with the spectrum of a real texture (Galerne, Gousseau, Morel 2011), mean 0, std 1."""
    tile = (min(size[0], 512), min(size[1], 512))
    amplitude = np.abs(np.fft.rfft2(sample - sample.mean(), s=tile))
    phase = np.exp(2j * np.pi * rng.random(amplitude.shape))
    field = np.fft.irfft2(amplitude * phase, s=tile)
    repeats = (-(-size[0] // tile[0]), -(-size[1] // tile[1]))
    field = np.tile(field, repeats)[: size[0], : size[1]]
    return np.asarray(field / field.std(), dtype=np.float32)


def brick(rng: Rng, size: Size, colour: Colour, course: float = 9.0) -> Texture:
    """Lay a running bond, every brick in its own tone; `course` is its height in pixels."""
    length = course * 2.9
    rows, columns = np.indices(size, dtype=np.float32)
    rows += noise(rng, size, 60) * 0.7
    columns += noise(rng, size, 40) * 0.8
    row = np.floor(rows / course)
    shifted = columns + (row % 2) * length / 2
    column = np.floor(shifted / length)
    tones = rng.normal(1.0, 0.17, (int(row.max() - row.min()) + 3, int(column.max()) + 4))
    tone = tones[(row - row.min()).astype(int), (column + 1).astype(int)].astype(np.float32)
    joint = np.maximum(_edge(rows % course, course), _edge(shifted % length, length))
    wall = tint(blank(size, colour), tone * (1 + 0.06 * noise(rng, size, 2)))
    return mix(wall, (0.66, 0.63, 0.58), joint * 0.75)


def _edge(position: Mask, period: float) -> Mask:
    return np.asarray(np.clip(1.5 - np.minimum(position, period - position), 0, 1), np.float32)


def plaster(rng: Rng, size: Size, colour: Colour) -> Texture:
    """Rough render: fine grain, trowel marks, slow patches."""
    grain = 1 + 0.045 * noise(rng, size, 1.5) + 0.05 * fractal(rng, size, 90)
    return tint(blank(size, colour), grain)


def concrete(rng: Rng, size: Size, colour: Colour) -> Texture:
    """Board-marked panels with joints, tie holes and blotches."""
    wall = tint(plaster(rng, size, colour), 1 + 0.05 * noise(rng, size, (6, 200)))
    panel = (int(size[0] / rng.uniform(2.2, 3.6)), int(size[1] / rng.uniform(3.3, 6.5)))
    for y in range(panel[0] // 2, size[0], panel[0]):
        for x in range(panel[1] // 2, size[1], panel[1]):
            tone = float(rng.uniform(0.9, 1.08))
            wall[y : y + panel[0], x : x + panel[1]] *= tone
            cv2.rectangle(wall, (x, y), (x + panel[1], y + panel[0]), (0.28, 0.28, 0.28), 2)
            for dx, dy in ((0.2, 0.25), (0.8, 0.25), (0.2, 0.75), (0.8, 0.75)):
                hole = (
                    int(x + (dx + rng.normal(0, 0.03)) * panel[1]),
                    int(y + (dy + rng.normal(0, 0.03)) * panel[0]),
                )
                cv2.circle(wall, hole, int(rng.integers(1, 5)), (0.2, 0.2, 0.2), -1, cv2.LINE_AA)
    return wall


def corrugated(rng: Rng, size: Size, colour: Colour, pitch: float = 18.0) -> Texture:
    """Folded sheet metal: vertical ribs, dents, rust from the lower edge."""
    x = np.arange(size[1], dtype=np.float32)
    ribs = 1 + 0.24 * np.tanh(2.2 * np.sin(2 * np.pi * x / pitch))
    sheet = tint(blank(size, colour), np.broadcast_to(ribs, size).astype(np.float32))
    sheet = tint(sheet, 1 + 0.07 * fractal(rng, size, 120) + 0.02 * noise(rng, size, 2))
    height = np.linspace(0, 1, size[0], dtype=np.float32)[:, None]
    rust = fractal(rng, size, 60) + 2.4 * height**3 - 1.5
    return mix(sheet, (0.36, 0.2, 0.11), np.clip(rust * 1.6, 0, 0.85))


def tiles(rng: Rng, size: Size, colour: Colour) -> Texture:
    """Roof tiles: shadowed courses, single tiles in other tones, moss."""
    rows, columns = np.indices(size, dtype=np.float32)
    row, column = np.floor(rows / 12).astype(int), np.floor(columns / 10).astype(int)
    tones = rng.normal(1.0, 0.16, (row.max() + 1, column.max() + 1)).astype(np.float32)
    shade = 0.7 + 0.4 * (rows % 12) / 12 - 0.12 * ((columns % 10) < 2)
    roof = tint(blank(size, colour), tones[row, column] * shade)
    return mix(roof, (0.25, 0.28, 0.18), np.clip(fractal(rng, size, 70) - 0.9, 0, 0.6))


def ground(rng: Rng, size: Size, kind: str, spectrum: Mask) -> Texture:
    """Asphalt, paving, grass or gravel; `spectrum` is a grey sample whose grain is copied."""
    colours: dict[str, Colour] = {
        "asphalt": (0.33, 0.33, 0.34),
        "paving": (0.55, 0.53, 0.5),
        "grass": (0.3, 0.37, 0.17),
        "gravel": (0.5, 0.46, 0.4),
    }
    contrast = {"asphalt": 0.1, "paving": 0.06, "grass": 0.26, "gravel": 0.2}[kind]
    grain = 1 + contrast * random_phase(rng, spectrum, size) + 0.09 * fractal(rng, size, 160)
    floor = tint(blank(size, colours[kind]), grain)
    if kind == "paving":
        floor = _paved(rng, floor, int(rng.integers(20, 34)))
    return stained(rng, floor, amount=0.5)


def _paved(rng: Rng, floor: Texture, slab: int) -> Texture:
    rows, columns = np.indices(floor.shape[:2], dtype=np.float32)
    row = np.floor(rows / slab).astype(int)
    shifted = columns + (row % 2) * slab * 0.5
    column = np.floor(shifted / slab).astype(int)
    tones = rng.normal(1, 0.1, (row.max() + 1, column.max() + 1)).astype(np.float32)
    joint = np.maximum(_edge(np.mod(rows, slab), slab), _edge(np.mod(shifted, slab), slab))
    return mix(tint(floor, tones[row, column]), (0.2, 0.19, 0.17), joint * 0.7)


def stained(rng: Rng, surface: Texture, amount: float = 1.0) -> Texture:
    """Weather marks: blotches, vertical run-off, splash at the foot, cracks."""
    size = surface.shape[0], surface.shape[1]
    blotch = np.clip(fractal(rng, size, 150, octaves=5) - 0.7, 0, 1)
    runs = np.clip(noise(rng, size, (size[0] / 3, 5)) - 0.8, 0, 1)
    foot = np.linspace(0, 1, size[0], dtype=np.float32)[:, None] ** 8
    dark = amount * (0.2 * blotch + 0.14 * runs + 0.3 * foot * (1 + 0.4 * noise(rng, size, 25)))
    surface = tint(surface, np.clip(1 - dark, 0.3, 1.05).astype(np.float32))
    for _ in range(int(4 * amount) + 1):
        _crack(rng, surface)
    return surface


def _crack(rng: Rng, surface: Texture) -> None:
    steps = rng.normal((0.0, 7.0), (6.0, 4.0), (int(rng.integers(8, 30)), 2))
    start = rng.uniform((0, 0), (surface.shape[1], surface.shape[0] * 0.8))
    path = np.round(start + np.cumsum(steps, axis=0)).astype(np.int32)
    shade = float(rng.uniform(0.12, 0.3))
    cv2.polylines(surface, [path], isClosed=False, color=(shade,) * 3, lineType=cv2.LINE_AA)
