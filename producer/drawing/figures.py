"""Workers in hi-vis vests, drawn anew for every photo so that no two of them match."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from producer.drawing.camera import Quad, Rgba
from producer.drawing.materials import Colour, Mask, Rng, Texture, blank, noise, tint
from producer.drawing.surroundings import contact_shadow, rgba, upright

_SIZE = (300, 180)
_SKIN: Colour = (0.75, 0.56, 0.43)
_VESTS: tuple[Colour, ...] = ((0.95, 0.42, 0.08), (0.8, 0.92, 0.15))
_HELMETS: tuple[Colour, ...] = ((0.9, 0.9, 0.88), (0.9, 0.75, 0.1), (0.1, 0.3, 0.7))


def worker(rng: Rng, x: float, z: float) -> list[Quad]:
    """Draw a person in a random pose, with a shadow on the ground."""
    height = float(rng.normal(1.76, 0.07))
    figure = upright(_figure(rng), x, 0.0, (height * 0.6, height), z, layer=8)
    return [contact_shadow(rng, x + height * 0.3, z, 0.55), figure]


def _figure(rng: Rng) -> Rgba:
    body, alpha = blank(_SIZE, (0.2, 0.2, 0.25)), np.zeros(_SIZE, np.float32)
    hip = np.array((90.0, 160.0)) + rng.normal(0, 7, 2)
    neck = hip + rng.normal((0, -92), (14, 5))
    cloth = _worn(rng, (0.22, 0.22, 0.26))
    vest = _worn(rng, _VESTS[int(rng.integers(2))])
    for side in (-1, 1):
        _leg(rng, (body, alpha), hip, side, cloth)
    _torso(rng, (body, alpha), hip, neck, vest)
    for side in (-1, 1):
        _arm(rng, (body, alpha), neck, side, vest if side > 0 else cloth)
    head = neck + rng.normal((0, -14), (4, 1))
    _limb((body, alpha), [head, head + np.array((0, 8))], _SKIN, 26)
    brim = np.array((8, 0))
    crown = head - np.array((0, 9))
    _limb((body, alpha), [crown - brim, crown + brim], _HELMETS[int(rng.integers(3))], 22)
    folds = 1 + 0.13 * noise(rng, _SIZE, 9) + 0.18 * noise(rng, _SIZE, 30)
    sides = np.linspace(1.15, 0.75, _SIZE[1], dtype=np.float32)[None, :]
    soft = np.asarray(cv2.GaussianBlur(alpha, (0, 0), 1.2), np.float32)
    return rgba(tint(body, folds * sides), soft)


def _worn(rng: Rng, colour: Colour) -> Colour:
    red, green, blue = (np.array(colour) * rng.uniform(0.7, 1.1, 3)).tolist()
    return red, green, blue


def _leg(
    rng: Rng, layers: tuple[Texture, Mask], hip: NDArray[np.float64], side: int, cloth: Colour
) -> None:
    knee = hip + np.array((side * rng.uniform(4, 24), 62))
    foot = knee + np.array((rng.normal(0, 14), 66))
    _limb(layers, [hip + np.array((side * 10, 0)), knee, foot], cloth, 26)
    _limb(layers, [foot, foot + np.array((12, 2))], (0.12, 0.1, 0.09), 14)


def _torso(
    rng: Rng,
    layers: tuple[Texture, Mask],
    hip: NDArray[np.float64],
    neck: NDArray[np.float64],
    vest: Colour,
) -> None:
    _limb(layers, [hip, neck + np.array((0, 14))], vest, 54)
    half = np.array((24, 0))
    for share in rng.uniform(0.1, 0.7, 2):
        at = hip + (neck - hip) * share
        _limb(layers, [at - half, at + half], (0.85, 0.87, 0.88), 6)


def _arm(
    rng: Rng, layers: tuple[Texture, Mask], neck: NDArray[np.float64], side: int, sleeve: Colour
) -> None:
    shoulder = neck + np.array((side * 24, 16))
    elbow = shoulder + np.array((side * rng.uniform(2, 24), rng.uniform(20, 48)))
    hand = elbow + rng.normal((0, 5), (22, 34))
    _limb(layers, [shoulder, elbow, hand], sleeve, 17)
    _limb(layers, [hand, hand + np.array((2, 4))], _SKIN, 11)


def _limb(
    layers: tuple[Texture, Mask], joints: list[NDArray[np.float64]], colour: Colour, thick: int
) -> None:
    path = [np.round(np.stack(joints)).astype(np.int32)]
    paints: tuple[Colour | float, ...] = (colour, 1.0)
    for layer, paint in zip(layers, paints, strict=True):
        cv2.polylines(
            layer, path, isClosed=False, color=paint, thickness=thick, lineType=cv2.LINE_AA
        )
