"""Weather, light and a cheap camera: what turns a rendering into a photo."""

from __future__ import annotations

import io
from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image

from engine.types import Rgb
from producer.drawing.camera import Air, Camera, Canvas
from producer.drawing.materials import Mask, Rng, fractal, noise


@dataclass(frozen=True, slots=True)
class Weather:
    """Light and air of one photo. `sun` is the side it shines from: -1 left, 0 none, 1 right."""

    name: str
    light: tuple[float, float, float]
    zenith: tuple[float, float, float]
    horizon: tuple[float, float, float]
    sun: float
    clouds: float
    haze: float
    rain: bool = False


_DAY = ((0.3, 0.48, 0.75), (0.72, 0.8, 0.88))
_GREY = ((0.66, 0.69, 0.73), (0.82, 0.83, 0.84))

WEATHERS = {
    weather.name: weather
    for weather in (
        Weather("morning", (1.05, 0.96, 0.84), *_DAY, -1.0, 0.35, 0.0),
        Weather("noon", (1.1, 1.08, 1.04), *_DAY, 0.4, 0.5, 0.0),
        Weather("evening", (1.04, 0.87, 0.7), (0.36, 0.44, 0.62), (0.94, 0.76, 0.6), 1.0, 0.5, 0.0),
        Weather("overcast", (0.86, 0.9, 0.95), *_GREY, 0.0, 0.25, 0.0),
        Weather(
            "rain",
            (0.68, 0.73, 0.8),
            (0.5, 0.53, 0.58),
            (0.66, 0.68, 0.71),
            0.0,
            0.3,
            0.006,
            rain=True,
        ),
        Weather("haze", (0.92, 0.9, 0.86), *_GREY, 0.0, 0.1, 0.016),
    )
}


def air_of(weather: Weather) -> Air:
    """Return the haze of a weather, as the painter needs it."""
    return Air(weather.haze, weather.horizon)


def sky(rng: Rng, camera: Camera, weather: Weather) -> Canvas:
    """Paint a gradient with clouds, other ones in every photo."""
    size = (camera.height, camera.width)
    rise = np.linspace(1, 0, camera.height, dtype=np.float32)[:, None, None] ** 0.8
    blue = (
        np.array(weather.horizon, np.float32)
        + (np.array(weather.zenith, np.float32) - np.array(weather.horizon, np.float32)) * rise
    )
    canvas = np.broadcast_to(blue, (*size, 3)).astype(np.float32).copy()
    stretch = cv2.resize(fractal(rng, (size[0] // 2, size[1] // 6), 45, 5), size[::-1])
    cover = np.clip(stretch * 0.55 + weather.clouds - 0.25, 0, 0.9)[..., None]
    white = (
        np.array(weather.light, np.float32) * (0.93 - 0.12 * np.clip(stretch, 0, 1.5))[..., None]
    )
    return np.asarray(canvas + (white - canvas) * cover, dtype=np.float32)


def cast_shadow(rng: Rng, size: tuple[int, int], weather: Weather) -> Mask:
    """Gain of a wall: full light, and the soft-edged shadow of a house across the street."""
    gain = np.ones(size, dtype=np.float32)
    if weather.sun == 0:
        return gain
    width, height = size[1], size[0]
    steps = np.sort(rng.uniform(0, width, 5))
    tops = height * (1 - rng.uniform(0.0, 0.5, 6))
    outline: list[tuple[float, float]] = [(-10, tops[0])]
    for step, before, after in zip(steps, tops, tops[1:], strict=False):
        outline += [(step, before), (step + weather.sun * 30, after)]
    outline += [(width + 10, tops[-1]), (width + 10, height + 10), (-10, height + 10)]
    cv2.fillPoly(gain, [np.array(outline).astype(np.int32)], float(rng.uniform(0.5, 0.66)))
    return np.asarray(cv2.GaussianBlur(gain, (0, 0), 2.5), dtype=np.float32)


def develop(rng: Rng, canvas: Canvas, weather: Weather, size: tuple[int, int]) -> Rgb:
    """Lens, sensor and camera settings; `size` is width and height of the photo."""
    if weather.rain:
        canvas = canvas + _rain(rng, canvas.shape[:2])
    soft = cv2.GaussianBlur(canvas, (0, 0), float(rng.uniform(0.4, 0.9)))
    balance = rng.normal(1.0, 0.03, 3) * np.array(weather.light)
    gain = (balance * rng.uniform(1.02, 1.34)).astype(np.float32)
    image = np.asarray(cv2.resize(soft, size, interpolation=cv2.INTER_AREA), np.float32) * gain
    image = _curve(
        image * _vignette(size, float(rng.uniform(0.05, 0.22))), float(rng.uniform(0.2, 0.6))
    )
    grain = cv2.GaussianBlur(rng.standard_normal(size[::-1], dtype=np.float32), (0, 0), 0.6)
    noisy = np.sqrt(np.clip(image, 0.01, 1)) * grain[..., None] * float(rng.uniform(0.012, 0.036))
    return np.asarray(np.clip((image + noisy) * 255 + 0.5, 0, 255), np.uint8)


def _rain(rng: Rng, size: tuple[int, int]) -> Canvas:
    drops = (rng.random(size, dtype=np.float32) > 0.9985).astype(np.float32)
    kernel = np.zeros((25, 25), np.float32)
    lean = int(rng.integers(-5, 6))
    cv2.line(kernel, (12 - lean, 0), (12 + lean, 24), 1.0, 1, cv2.LINE_AA)
    streaks = cv2.filter2D(drops, -1, kernel)
    veil = 0.03 * noise(rng, size, 200)
    return np.asarray((streaks * 0.16 + veil)[..., None], dtype=np.float32)


def _vignette(size: tuple[int, int], strength: float) -> Canvas:
    x = np.linspace(-1, 1, size[0], dtype=np.float32)[None, :]
    y = np.linspace(-0.75, 0.75, size[1], dtype=np.float32)[:, None]
    return np.asarray((1 - strength * (x**2 + y**2))[..., None], dtype=np.float32)


def _curve(image: Canvas, contrast: float) -> Canvas:
    level = np.clip(image, 0, 1.25) / 1.25
    bent = level * level * (3 - 2 * level)
    return np.asarray((level * 1.2 * (1 - contrast) + bent * 1.15 * contrast), dtype=np.float32)


def jpeg(image: Rgb, quality: int, exif: Image.Exif) -> bytes:
    """Encode with EXIF."""
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "JPEG", quality=quality, exif=exif)
    return buffer.getvalue()
