"""A pinhole camera and the painter's algorithm: textured parallelograms in space to a picture.

World axes in metres: x to the right, y up, z away from the viewer; facades stand at z = 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

Rgba: TypeAlias = NDArray[np.uint8]
"""Shape (height, width, 4); the last channel is opacity."""
Canvas: TypeAlias = NDArray[np.floating[Any]]
"""Shape (height, width, 3), 0 to 1."""
Point: TypeAlias = tuple[float, float, float]

_NEAR_M = 0.3


@dataclass(frozen=True, slots=True, eq=False)
class Quad:
    """A picture spanned in space: its top left corner and the vectors of its two edges.

    layer: lower ones are painted first; within one layer the farther ones.
    """

    texture: Rgba
    corner: Point
    across: Point
    down: Point
    layer: int = 5
    shade: float = 1.0


@dataclass(frozen=True, slots=True)
class Air:
    """What lies between camera and thing: share lost per metre, and the colour it fades to."""

    density: float
    colour: tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Camera:
    """Angles in radians: yaw to the right, pitch up, roll clockwise; `focal` in pixels."""

    position: Point
    yaw: float
    pitch: float
    roll: float
    focal: float
    width: int
    height: int

    def axes(self) -> NDArray[np.float64]:
        """Rows: the camera's right, down and forward directions in world coordinates."""
        sin, cos = np.sin, np.cos
        forward = np.array(
            [sin(self.yaw) * cos(self.pitch), sin(self.pitch), cos(self.yaw) * cos(self.pitch)]
        )
        level = np.array([cos(self.yaw), 0.0, -sin(self.yaw)])
        below = np.cross(level, forward)
        right = cos(self.roll) * level + sin(self.roll) * below
        return np.stack([right, np.cross(right, forward), forward])

    def matrix(self) -> NDArray[np.float64]:
        """3 x 3 from world directions to homogeneous pixels."""
        centre_x, centre_y = self.width / 2, self.height / 2
        inner = np.array([[self.focal, 0, centre_x], [0, self.focal, centre_y], [0, 0, 1.0]])
        return np.asarray(inner @ self.axes())


def paint(canvas: Canvas, camera: Camera, quads: list[Quad], air: Air) -> None:
    """Paint the quads onto the canvas, back to front."""
    eye = np.array(camera.position)

    def order(quad: Quad) -> tuple[int, float]:
        middle = np.array(quad.corner) + np.array(quad.across) / 2 + np.array(quad.down) / 2
        return quad.layer, -float(np.linalg.norm(middle - eye))

    for quad in sorted(quads, key=order):
        _paint_one(canvas, camera, quad, air)


def _paint_one(canvas: Canvas, camera: Camera, quad: Quad, air: Air) -> None:
    polygon = _outline(camera, quad)
    if polygon is None:
        return
    low = np.maximum(np.floor(polygon.min(axis=0)).astype(int), 0)
    high = np.minimum(np.ceil(polygon.max(axis=0)).astype(int) + 1, (camera.width, camera.height))
    if (high <= low).any():
        return
    size = (int(high[0] - low[0]), int(high[1] - low[1]))
    texture = _shrunk(quad.texture, cv2.contourArea(polygon.astype(np.float32)))
    homography = _homography(camera, quad, texture, low)
    patch = cv2.warpPerspective(
        texture, homography, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    mask = np.zeros(size[::-1], dtype=np.uint8)
    corners = np.round((polygon - low) * 16).astype(np.int32)
    cv2.fillConvexPoly(mask, corners, 255, cv2.LINE_AA, shift=4)
    colour = patch[..., :3].astype(np.float32) * np.float32(quad.shade / 255)
    if air.density > 0:
        colour = _fade(colour, homography, air)
    alpha = (patch[..., 3:].astype(np.float32) / 255) * (mask[..., None].astype(np.float32) / 255)
    region = canvas[low[1] : high[1], low[0] : high[0]]
    region += (colour - region) * alpha


def _outline(camera: Camera, quad: Quad) -> NDArray[np.float64] | None:
    corner, across, down = (np.array(v) for v in (quad.corner, quad.across, quad.down))
    ring = np.stack([corner, corner + across, corner + across + down, corner + down])
    seen = (ring - np.array(camera.position)) @ camera.matrix().T
    kept: list[NDArray[np.float64]] = []
    for here, after in zip(seen, np.roll(seen, -1, axis=0), strict=True):
        if here[2] > _NEAR_M:
            kept.append(here)
        if (here[2] > _NEAR_M) != (after[2] > _NEAR_M):
            share = (_NEAR_M - here[2]) / (after[2] - here[2])
            kept.append(here + share * (after - here))
    if len(kept) < 3:
        return None
    points = np.stack(kept)
    return np.asarray(np.clip(points[:, :2] / points[:, 2:], -20_000, 20_000))


def _homography(
    camera: Camera, quad: Quad, texture: Rgba, low: NDArray[np.int_]
) -> NDArray[np.float64]:
    height, width = texture.shape[:2]
    plane = np.stack(
        [
            np.array(quad.across) / width,
            np.array(quad.down) / height,
            np.array(quad.corner) - np.array(camera.position),
        ],
        axis=1,
    )
    shift = np.array([[1, 0, -low[0]], [0, 1, -low[1]], [0, 0, 1.0]])
    return np.asarray(shift @ camera.matrix() @ plane)


def _shrunk(texture: Rgba, area: float) -> Rgba:
    """Pick the mipmap level that fits an area in pixels: no shimmering when seen small."""
    height, width = texture.shape[:2]
    while height * width > 3.2 * area and min(height, width) > 8:
        height, width = height // 2, width // 2
    if (height, width) == texture.shape[:2]:
        return texture
    return np.asarray(cv2.resize(texture, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def _fade(colour: Canvas, homography: NDArray[np.float64], air: Air) -> Canvas:
    """Aerial perspective; on a plane the inverse depth is linear in pixel coordinates."""
    slope_x, slope_y, base = np.linalg.inv(homography)[2]
    rows = np.arange(colour.shape[0], dtype=np.float32)[:, None]
    columns = np.arange(colour.shape[1], dtype=np.float32)[None, :]
    inverse = np.maximum(slope_x * columns + slope_y * rows + base, 1e-3).astype(np.float32)
    lost = 1 - np.exp(-np.array(air.density, np.float32) / inverse)
    return np.asarray(
        colour + (np.array(air.colour, np.float32) - colour) * lost[..., None], np.float32
    )
