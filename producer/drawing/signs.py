"""What people put on walls: hand-painted signs, torn posters, graffiti.

All draw onto a texture in place; places are pixels (left, top).
"""

from __future__ import annotations

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from producer.drawing.fittings import Box
from producer.drawing.materials import (
    Colour,
    Mask,
    Rng,
    Texture,
    blank,
    fractal,
    mix,
    noise,
    stained,
)


def lettering(rng: Rng, text: str, height: int) -> Mask:
    """Hand-painted text as an opacity mask, about `height` pixels high.

    Every letter has its own size, slant, weight and bends: a printed letter would match the
    same letter on any other sign.
    """
    glyphs = [_glyph(rng, letter, height) for letter in text]
    room = (int(height * 1.7), sum(glyph.shape[1] for glyph in glyphs) + height)
    mask = np.zeros(room, np.float32)
    x = height // 3
    for glyph in glyphs:
        y = int(np.clip(rng.normal(0.15, 0.07) * height, 0, room[0] - glyph.shape[0]))
        region = mask[y : y + glyph.shape[0], x : x + glyph.shape[1]]
        np.maximum(region, glyph, out=region)
        x += int(glyph.shape[1] * rng.uniform(0.86, 1.0))
    return _bent(rng, mask[:, : x + height // 3], height)


def _glyph(rng: Rng, letter: str, height: int) -> Mask:
    font = ImageFont.load_default(size=height)
    left, top, right, bottom = font.getbbox(letter)
    image = Image.new("L", (int(right - left) + 8, int(bottom - top) + 8))
    ImageDraw.Draw(image).text((4 - left, 4 - top), letter, fill=255, font=font)
    glyph = np.asarray(image, dtype=np.float32) / 255
    size = (np.array(glyph.shape[::-1]) * rng.uniform((0.75, 0.8), (1.6, 1.25))).astype(int)
    lean, turn = rng.uniform(-0.4, 0.4), rng.normal(0, 0.12)
    scale = size / glyph.shape[::-1]
    turned = np.array([[scale[0], lean, -lean * size[1] / 2], [turn, scale[1], 0]])
    drawn = cv2.warpAffine(glyph, turned, (int(size[0]) + 4, int(size[1]) + 2))
    weight = np.ones(
        (int(rng.integers(1, 2 + height // 14)), int(rng.integers(1, 2 + height // 9)))
    )
    return np.asarray(cv2.dilate(drawn, weight.astype(np.uint8)), np.float32)


def _bent(rng: Rng, mask: Mask, height: int) -> Mask:
    size = (mask.shape[0], mask.shape[1])
    rows, columns = np.indices(size, dtype=np.float32)
    bend = [noise(rng, size, height * 0.45) * np.float32(0.05 * height) for _ in range(2)]
    return np.asarray(
        cv2.remap(mask, columns + bend[0], rows + bend[1], cv2.INTER_LINEAR), np.float32
    )


def sign(rng: Rng, wall: Texture, place: tuple[int, int], text: str, ink: int) -> None:
    """Hang a painted board, weathered; `ink` is the letter height in pixels."""
    mask = lettering(rng, text, ink)
    back = muted(rng)
    pale = sum(back) < 1.4
    front = (0.9, 0.89, 0.84) if pale else (0.13, 0.13, 0.16)
    board = mix(blank((mask.shape[0], mask.shape[1]), back), front, mask)
    paste(wall, stained(rng, board, 1.0), place)


def poster(rng: Rng, wall: Texture, place: tuple[int, int]) -> None:
    """Stick on a torn paper bill: a smudge of a picture and a few lines nobody can read."""
    size = (int(rng.uniform(34, 80)), int(rng.uniform(28, 62)))
    paper = blank(size, (0.8, 0.78, 0.72))
    for _ in range(3):
        blob = np.clip(fractal(rng, size, float(rng.uniform(10, 30)), 3) * 3, 0, 1)
        paper = mix(paper, muted(rng), blob * 0.9)
    for y in rng.uniform(0.55, 0.95, int(rng.integers(0, 4))) * size[0]:
        start, end = np.sort(rng.uniform(0.05, 0.95, 2) * size[1]).astype(int)
        cv2.line(paper, (int(start), int(y)), (int(end), int(y)), (0.2, 0.2, 0.2), 2)
    turn = cv2.getRotationMatrix2D((size[1] / 2, size[0] / 2), float(rng.normal(0, 7)), 1.0)
    torn = (fractal(rng, size, 16) > -1.3).astype(np.float32)
    opacity = np.asarray(cv2.warpAffine(torn, turn, size[::-1]), np.float32)
    turned = np.asarray(cv2.warpAffine(paper, turn, size[::-1]), np.float32)
    left, top = max(0, place[0]), max(0, place[1])
    region = wall[top : top + size[0], left : left + size[1]]
    fit = (slice(region.shape[0]), slice(region.shape[1]))
    region[:] = mix(region, turned[fit], opacity[fit])


def muted(rng: Rng) -> Colour:
    """Mix a paint colour that has seen some years of weather."""
    grey = float(rng.uniform(0.15, 0.75))
    red, green, blue = (grey + 0.3 * (rng.uniform(0, 1, 3) - 0.5)).clip(0.04, 0.9)
    return (float(red), float(green), float(blue))


def paste(wall: Texture, board: Texture, place: tuple[int, int], share: float = 1.0) -> None:
    """Put a board on the wall at (left, top), cut to what fits, with a thin shadow below."""
    left, top = max(0, place[0]), max(0, place[1])
    cut = board[: wall.shape[0] - top, : wall.shape[1] - left]
    region = wall[top : top + cut.shape[0], left : left + cut.shape[1]]
    region += (cut - region) * np.float32(share)
    wall[top + cut.shape[0] : top + cut.shape[0] + 4, left : left + cut.shape[1]] *= 0.55


def graffiti(rng: Rng, wall: Texture, box: Box) -> None:
    """Spray-paint throw-ups: a few fat smooth strokes with outlines and drips."""
    left, top, right, bottom = box
    for _ in range(int(rng.integers(3, 6))):
        knots = rng.uniform((left, top), (right, bottom), (int(rng.integers(4, 8)), 2))
        curve = _smooth(knots)
        colour = muted(rng)
        thick = int(rng.integers(4, 12))
        dark = (0.06, 0.06, 0.08)
        cv2.polylines(wall, [curve], isClosed=False, color=dark, thickness=thick + 4)
        cv2.polylines(wall, [curve], isClosed=False, color=colour, thickness=thick)
        for x, y in curve[:: max(1, len(curve) // 4)]:
            drip = (int(x), int(y + rng.uniform(5, 40)))
            cv2.line(wall, (int(x), int(y)), drip, colour, 2, cv2.LINE_AA)


def _smooth(knots: np.ndarray) -> np.ndarray:
    line = knots
    for _ in range(3):  # Chaikin's corner cutting
        ahead = np.roll(line, -1, axis=0)[:-1]
        line = np.stack([0.75 * line[:-1] + 0.25 * ahead, 0.25 * line[:-1] + 0.75 * ahead], axis=1)
        line = line.reshape(-1, 2)
    return np.round(line).astype(np.int32)


def word(rng: Rng) -> str:
    """Invent the name of a firm that no other sign carries."""
    pairs = rng.integers(0, (17, 6), (int(rng.integers(2, 4)), 2))
    name = "".join("BDFGHJKLMNPRSTVWZ"[c] + "AEIOUY"[v] for c, v in pairs)
    return name if rng.random() < 0.5 else name.title()
