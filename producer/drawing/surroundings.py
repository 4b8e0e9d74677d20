"""What stands around a building: vans, cranes, scaffolding, trees, a far skyline.

Vans and cranes are drawn anew for every photo: nothing of them may match elsewhere.
"""

from __future__ import annotations

import cv2
import numpy as np

from producer.drawing.camera import Quad, Rgba
from producer.drawing.materials import Mask, Rng, Texture, blank, fractal, tint


def rgba(texture: Texture, alpha: Mask | None = None) -> Rgba:
    """Float texture and opacity to 8-bit RGBA."""
    opacity = np.ones(texture.shape[:2], np.float32) if alpha is None else alpha
    stacked = np.dstack([texture, opacity])
    return np.asarray(np.clip(stacked * 255 + 0.5, 0, 255), np.uint8)


def upright(
    picture: Rgba, left: float, foot: float, size: tuple[float, float], z: float, layer: int = 6
) -> Quad:
    """Stand up a picture parallel to the facades; `size` is width and height in metres."""
    return Quad(picture, (left, foot + size[1], z), (size[0], 0, 0), (0, -size[1], 0), layer)


def contact_shadow(rng: Rng, x: float, z: float, radius: float) -> Quad:
    """Lay a soft dark spot on the ground; `radius` in metres."""
    blur = cv2.getGaussianKernel(64, 13)
    soft = (blur @ blur.T).astype(np.float32)
    picture = rgba(blank((64, 64), (0.05, 0.05, 0.06)), soft / soft.max() * 0.6)
    reach = radius * float(rng.uniform(2.2, 3.0))
    return Quad(picture, (x - reach / 2, 0.02, z + reach / 3), (reach, 0, 0), (0, 0, -reach), 4)


def van(rng: Rng, x: float, z: float) -> list[Quad]:
    """Draw a parked delivery van seen from its side."""
    size = (220, 480)
    tone = float(rng.choice([0.12, 0.3, 0.55, 0.8, 0.85]))
    paint_colour = np.clip(tone + rng.normal(0, 0.025, 3), 0.04, 0.9)
    body = blank(size, (float(paint_colour[0]), float(paint_colour[1]), float(paint_colour[2])))
    alpha = np.zeros(size, np.float32)
    nose, roof = int(rng.uniform(330, 420)), int(rng.uniform(8, 40))
    hull = np.array([(8, roof), (nose - 60, roof), (nose, 80), (470, 105), (474, 185), (6, 185)])
    cv2.fillPoly(alpha, [hull.astype(np.int32)], 1.0, cv2.LINE_AA)
    glass = np.array(
        [(nose - 55, roof + 14), (nose - 8, 82), (nose - 75, 84), (nose - 85, roof + 14)]
    )
    cv2.fillPoly(body, [glass.astype(np.int32)], (0.12, 0.15, 0.18), cv2.LINE_AA)
    for seam in (nose - 95, int(rng.uniform(100, 220))):
        cv2.line(body, (seam, roof + 6), (seam, 180), (0.2, 0.2, 0.2), 2, cv2.LINE_AA)
    body *= np.linspace(1.12, 0.6, size[0], dtype=np.float32)[:, None, None]
    body = tint(body, 1 + 0.06 * fractal(rng, size, 60))
    for wheel in (int(rng.uniform(70, 110)), int(rng.uniform(370, 410))):
        cv2.circle(alpha, (wheel, 186), 31, 1.0, -1, cv2.LINE_AA)
        cv2.circle(body, (wheel, 186), 31, (0.07, 0.07, 0.07), -1, cv2.LINE_AA)
        cv2.circle(body, (wheel, 186), 17, (0.5, 0.5, 0.52), -1, cv2.LINE_AA)
    long = float(rng.uniform(4.4, 5.6))
    if rng.random() < 0.5:
        body, alpha = body[:, ::-1], alpha[:, ::-1]
    shadow = contact_shadow(rng, x + long / 2, z + 0.4, long * 0.5)
    return [shadow, upright(rgba(body, alpha), x, 0.0, (long, long * 0.46), z, layer=7)]


def crane(rng: Rng) -> Quad:
    """Draw a tower crane far behind, its jib slewed somewhere else in every photo."""
    picture = np.zeros((520, 560), np.float32)
    mast, top = int(rng.uniform(180, 380)), int(rng.uniform(80, 170))
    tilt = int(rng.normal(0, 22))
    left, right = int(rng.uniform(10, 90)), int(rng.uniform(430, 550))
    _lattice(picture, (mast, 519), (mast, top), 13)
    _lattice(picture, (left, top + tilt), (right, top - tilt), 9)
    peak = (mast, top - 46)
    for end in ((left, top + tilt), (right, top - tilt)):
        cv2.line(picture, peak, end, 1.0, 1, cv2.LINE_AA)
    hook = int(rng.uniform(left + 20, right - 20))
    cv2.line(picture, (hook, top), (hook, top + int(rng.uniform(40, 240))), 1.0, 1, cv2.LINE_AA)
    colour = (0.75, 0.55, 0.12) if rng.random() < 0.6 else (0.62, 0.2, 0.16)
    x = float(rng.uniform(-26, 6))
    return upright(rgba(blank((520, 560), colour), picture), x, 2.0, (28.0, 26.0), 40.0, layer=2)


def _lattice(picture: Mask, start: tuple[int, int], end: tuple[int, int], width: int) -> None:
    a, b = np.array(start, float), np.array(end, float)
    along = (b - a) / np.linalg.norm(b - a)
    normal = np.array([-along[1], along[0]]) * width / 2
    steps = max(2, int(np.linalg.norm(b - a) / width))
    rungs = a + np.linspace(0, 1, steps + 1)[:, None] * (b - a)
    sides = np.where((np.arange(steps + 1) % 2)[:, None], rungs + normal, rungs - normal)
    paths = [np.stack([a + normal, b + normal]), np.stack([a - normal, b - normal]), sides]
    for path in paths:
        cv2.polylines(
            picture,
            [np.round(path).astype(np.int32)],
            isClosed=False,
            color=1.0,
            thickness=2,
            lineType=cv2.LINE_AA,
        )


def scaffolding(rng: Rng, width: float, height: float) -> list[Quad]:
    """Tubes, planks and a torn net in front of a wall, one and the same while it stands."""
    size = (int(height * 60), int(width * 60))
    steel, alpha = blank(size, (0.5, 0.51, 0.53)), np.zeros(size, np.float32)
    x = 6.0
    while x < size[1]:
        lean = int(rng.normal(0, 3))
        cv2.line(alpha, (int(x), 0), (int(x) + lean, size[0]), 1.0, 4, cv2.LINE_AA)
        x += float(rng.uniform(80, 150))
    for y in range(int(rng.uniform(30, 110)), size[0] - 40, int(rng.uniform(110, 130))):
        cv2.line(alpha, (0, y), (size[1], y + int(rng.normal(0, 3))), 1.0, 3, cv2.LINE_AA)
        steel[y + 40 : y + 48] = (0.5, 0.39, 0.25)
        alpha[y + 40 : y + 48] = 1.0
        start = int(rng.uniform(0, size[1] * 0.7))
        cv2.line(alpha, (start, y + 40), (start + 110, y - 70), 1.0, 3, cv2.LINE_AA)
    net = np.clip(fractal(rng, size, 200) - 0.6, 0, 1) * 0.5
    steel = np.where((alpha < 0.3)[..., None], np.array((0.25, 0.42, 0.36), np.float32), steel)
    steel = tint(steel.astype(np.float32), 1 + 0.15 * fractal(rng, size, 30))
    front = rgba(steel, np.maximum(alpha, net))
    back = rgba(steel[::-1], alpha[::-1])
    return [
        upright(back, -width / 2, 0.0, (width, height), -0.35, layer=5),
        upright(front, -width / 2, 0.0, (width, height), -1.15, layer=5),
    ]


def tree(rng: Rng, x: float, z: float, height: float) -> Quad:
    """Trunk, boughs and some thousand leaves lit from above."""
    size = (420, 360)
    leaves, alpha = blank(size, (0.2, 0.16, 0.12)), np.zeros(size, np.float32)
    for canvas, colour in ((leaves, (0.24, 0.19, 0.15)), (alpha, 1.0)):
        cv2.line(canvas, (180, 419), (180, 200), colour, 16, cv2.LINE_AA)
    crowns = rng.normal((180, 150), (58, 50), (16, 2)).clip((60, 50), (300, 300))
    for crown in crowns:
        bough = (int(crown[0]), int(crown[1]))
        cv2.line(leaves, (180, 260), bough, (0.22, 0.18, 0.14), 4, cv2.LINE_AA)
        cv2.line(alpha, (180, 260), bough, 1.0, 4, cv2.LINE_AA)
    spots = (crowns[rng.integers(0, 16, 2600)] + rng.normal(0, 22, (2600, 2))).astype(int)
    hue = rng.uniform(0.75, 1.25, 3) * np.array((0.26, 0.36, 0.13))
    for x_leaf, y_leaf in spots[np.argsort(-spots[:, 1] + rng.normal(0, 60, 2600))]:
        light = float(rng.uniform(0.35, 1.25) * (1.15 - y_leaf / 420))
        colour = (hue[0] * light, hue[1] * light, hue[2] * light)
        centre = (int(x_leaf), int(y_leaf))
        cv2.circle(leaves, centre, 3, colour, -1)
        cv2.circle(alpha, centre, 3, 1.0, -1)
    return upright(rgba(leaves, alpha), x - height * 0.43, 0.0, (height * 0.86, height), z, layer=6)


def skyline(rng: Rng, z: float, low: float, high: float) -> Quad:
    """Far houses and trees as one strip; wide enough for every view."""
    size = (240, 1600)
    strip, alpha = blank(size, (0.42, 0.45, 0.47)), np.zeros(size, np.float32)
    x = 0
    while x < size[1]:
        wide, tall = int(rng.uniform(50, 150)), int(rng.uniform(low, high) * 16)
        if rng.random() < 0.45:
            _wood(rng, strip, alpha, (x, wide, tall))
        else:
            _house(rng, strip, alpha, (x, wide, tall))
        x += int(wide * rng.uniform(0.7, 1.0))
    return upright(rgba(strip, alpha), -70.0, -0.2, (140.0, 15.0), z, layer=2)


def _house(rng: Rng, strip: Texture, alpha: Mask, plot: tuple[int, int, int]) -> None:
    x, wide, tall = plot
    roof = 240 - tall
    base = float(rng.uniform(0.4, 0.75))
    tone = (base, base * float(rng.uniform(0.85, 1)), base * float(rng.uniform(0.75, 1)))
    cv2.rectangle(strip, (x, roof), (x + wide, 240), tone, -1)
    cv2.rectangle(alpha, (x, roof), (x + wide, 240), 1.0, -1)
    gable = np.array([(x - 4, roof), (x + wide // 2, roof - wide // 3), (x + wide + 4, roof)])
    red = (0.45, float(rng.uniform(0.25, 0.4)), 0.27)
    cv2.fillPoly(strip, [gable.astype(np.int32)], red)
    cv2.fillPoly(alpha, [gable.astype(np.int32)], 1.0)
    for wx in range(x + 8, x + wide - 10, int(rng.uniform(16, 28))):
        for wy in range(roof + 10, 230, int(rng.uniform(22, 34))):
            dark = float(rng.uniform(0.15, 0.4))
            cv2.rectangle(strip, (wx, wy), (wx + 8, wy + 12), (dark, dark, dark * 1.1), -1)


def _wood(rng: Rng, strip: Texture, alpha: Mask, plot: tuple[int, int, int]) -> None:
    x, wide, tall = plot
    spots = rng.normal((x + wide / 2, 240 - tall / 2), (wide / 3, tall / 5), (130, 2))
    spots[:, 1] = spots[:, 1].clip(240 - tall, 240)
    for at in spots:
        light = float(rng.uniform(0.6, 1.2))
        green = (0.2 * light, 0.28 * light, 0.14 * light)
        radius = int(rng.uniform(5, 12))
        centre = (int(at[0]), int(at[1]))
        cv2.circle(strip, centre, radius, green, -1)
        cv2.circle(alpha, centre, radius, 1.0, -1)
    cv2.rectangle(strip, (x, 215), (x + wide, 240), (0.16, 0.2, 0.12), -1)
    cv2.rectangle(alpha, (x, 215), (x + wide, 240), 1.0, -1)
