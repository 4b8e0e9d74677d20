"""Images for tests: sample photos that come with scikit-image, and files made to order."""

from __future__ import annotations

import io
import struct
import zlib
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import skimage
from PIL import ExifTags, Image

from engine.types import Rgb

PHOTOS = ("astronaut.png", "coffee.png", "chelsea.png", "rocket.jpg", "motorcycle_left.png")
START = datetime(2024, 3, 4, 8, 0)  # EXIF times have no zone


@cache
def photo(name: str) -> Rgb:
    """A sample photo; nothing is downloaded."""
    with Image.open(Path(skimage.__file__).parent / "data" / name) as image:
        return np.asarray(image.convert("RGB"))


def gradient(width: int = 64, height: int = 48) -> Rgb:
    """A smooth picture without symmetry: every turn and flip of it looks different."""
    x, y = np.meshgrid(np.linspace(0, 255, width), np.linspace(0, 255, height))
    return np.stack([x, y, (x + 2 * y) / 3], axis=2).astype(np.uint8)


def encoded(pixels: Any, kind: str = "PNG", mode: str | None = None, **options: Any) -> bytes:
    """An image file as bytes, converted to a Pillow mode first where one is given."""
    image = Image.fromarray(np.asarray(pixels))
    buffer = io.BytesIO()
    (image.convert(mode) if mode else image).save(buffer, kind, **options)
    return buffer.getvalue()


def shot(pixels: Rgb, minute: int, orientation: int = 1) -> bytes:
    """A JPEG as a camera writes it: with the time of capture, and which way up it was held."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    taken = START + timedelta(minutes=minute)
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = f"{taken:%Y:%m:%d %H:%M:%S}"
    return encoded(pixels, "JPEG", quality=90, exif=exif)


def lying_png(width: int, height: int) -> bytes:
    """A tiny PNG file whose header promises width x height pixels."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(bytes(100))), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, body) for kind, body in chunks)


def _chunk(kind: bytes, body: bytes) -> bytes:
    checksum = zlib.crc32(kind + body)
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", checksum)


def seen_from_aside(image: Rgb, tilt: float = 0.15) -> Rgb:
    """The same picture as a camera a few steps to the side would show it."""
    height, width = image.shape[:2]
    source = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    target = source.copy()
    target[1] += (-tilt * width, tilt * height)
    target[2] += (-tilt * width, -tilt * height)
    matrix = cv2.getPerspectiveTransform(source, target)
    return np.asarray(cv2.warpPerspective(image, matrix, (width, height)), np.uint8)
