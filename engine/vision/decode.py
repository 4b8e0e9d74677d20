"""From hostile bytes to upright pixels of a bounded size.

The header is judged before any pixel is decoded; a JPEG is then decoded at the smallest scale
that still serves, and whatever comes out is eight-bit RGB. One decoder does both, because it
alone reports a truncated file; OpenCV returns a half-grey picture.
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image

from engine.errors import BadImage
from engine.sight import Decoded
from engine.types import Rgb
from engine.vision.exif import HOSTILE_BYTES, metadata_of

REASONS = frozenset(
    {
        "empty",
        "too_large",
        "too_many_pixels",
        "too_many_segments",
        "unsupported_format",
        "animated",
        "corrupt",
    }
)
"""Every slug that `decode` gives a BadImage."""

_HEIF_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"mif1"})
_MAX_SCANS = 100  # encoders write about ten
_MAX_SEGMENTS = 1000  # of up to 64 kB each: colour profiles and notes take a few hundred
_MAX_FILLING = 65_536  # bytes between segments; encoders write none
_JPEG_MARKER = re.compile(rb"\xff([\x01-\xcf\xd8-\xfe])")  # neither a stuffed zero nor a restart


@dataclass(frozen=True, slots=True)
class DecodeLimits:
    """What is accepted, and how large the result may be.

    max_bytes: of the encoded image. max_pixels, max_side: of the decoded original.
    formats: of JPEG, PNG, WEBP and, where wanted, TIFF and HEIF (see `engine.vision.heif`).
    working_side: longer side in pixels to which a larger image is reduced; never enlarged.
    """

    max_bytes: int = 32 * 1024 * 1024
    max_pixels: int = 50_000_000
    max_side: int = 16_384
    formats: frozenset[str] = frozenset({"JPEG", "PNG", "WEBP"})
    working_side: int = 1024


def decode(data: bytes, limits: DecodeLimits) -> Decoded:
    """Decode an image at working scale; raises BadImage with one of `REASONS`."""
    name = _accepted_format(data, limits)
    if name == "JPEG":
        _check_segments(data)
    try:
        with Image.open(io.BytesIO(data), formats=(name,)) as image:
            _check_header(image, limits)
            width, height = image.size
            _reduce_while_decoding(image, limits.working_side)
            image.load()
            orientation = metadata_of(image).orientation
            pixels = _shrink(_eight_bit_rgb(image), limits.working_side)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise BadImage("too_many_pixels", str(error)) from error
    except HOSTILE_BYTES as error:
        raise BadImage("corrupt", f"this {name} cannot be decoded: {error}") from error
    if orientation >= 5:
        width, height = height, width
    return Decoded(_upright(pixels, orientation), width, height)


def _accepted_format(data: bytes, limits: DecodeLimits) -> str:
    if not data:
        raise BadImage("empty", "the message carries no image bytes")
    if len(data) > limits.max_bytes:
        raise BadImage("too_large", f"{len(data)} bytes; at most {limits.max_bytes} are accepted")
    name = _sniff(data)
    if name not in limits.formats:
        accepted = ", ".join(sorted(limits.formats))
        raise BadImage("unsupported_format", f"{name or 'unknown format'}; accepted: {accepted}")
    return name


def _sniff(data: bytes) -> str:
    """Pillow's name of the format by its first bytes; empty where it is none that we know."""
    if data.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    if data[4:8] == b"ftyp" and data[8:12] in _HEIF_BRANDS:
        return "HEIF"
    return "TIFF" if data.startswith((b"II*\0", b"MM\0*")) else ""


def _check_segments(data: bytes) -> None:
    """Bound the scans and segments of the first image in a JPEG file.

    A scan costs the decoder a pass over all pixels, and fifty bytes are enough for one: a small
    progressive file could keep it busy for hours. Filling before the first scan is skipped
    byte by byte, in Python.
    """
    at, scans = 2, 0
    for _ in range(_MAX_SEGMENTS):
        marker = _JPEG_MARKER.search(data, at)
        gap = (marker.start() if marker else len(data)) - at
        if not scans and gap > _MAX_FILLING:
            raise BadImage("corrupt", f"{gap} bytes without meaning before this JPEG's pixels")
        if marker is None or marker[1] == b"\xd9":  # end of image; what follows is not decoded
            return
        at = marker.end() + int.from_bytes(data[marker.end() : marker.end() + 2])
        scans += marker[1] == b"\xda"
        if scans > _MAX_SCANS:
            break
    raise BadImage("too_many_segments", f"over {_MAX_SCANS} scans or {_MAX_SEGMENTS} segments")


def _check_header(image: Image.Image, limits: DecodeLimits) -> None:
    width, height = image.size
    if width * height > limits.max_pixels or max(width, height) > limits.max_side:
        limit = f"{limits.max_pixels} pixels and {limits.max_side} a side"
        raise BadImage("too_many_pixels", f"{width} x {height}; at most {limit} are accepted")
    # Phones append depth maps and previews to a JPEG (MPO): its first frame is the photo.
    if image.format != "MPO" and getattr(image, "n_frames", 1) > 1:
        raise BadImage("animated", "more than one frame; send a still image")


def _reduce_while_decoding(image: Image.Image, working_side: int) -> None:
    """Let a JPEG decode at 1/2, 1/4 or 1/8 where that stays at or above the working side."""
    width, height = image.size
    scale = max(width, height) // working_side
    if scale > 1:
        image.draft(None, (width // scale, height // scale))


def _eight_bit_rgb(image: Image.Image) -> Rgb:
    """Any mode as RGB: transparency over white, sixteen bits by their upper eight."""
    if image.mode in {"I", "F"}:
        raise BadImage("unsupported_format", "32-bit samples; send 8 or 16 bits a channel")
    if image.mode.startswith("I;16"):
        return np.stack([(np.asarray(image) >> 8).astype(np.uint8)] * 3, axis=2)
    if image.has_transparency_data:
        image = image.convert("RGBA")
        opaque = Image.new("RGB", image.size, "white")
        opaque.paste(image, mask=image.getchannel("A"))
        image = opaque
    return np.asarray(image.convert("RGB"), np.uint8)


def _shrink(pixels: Rgb, working_side: int) -> Rgb:
    height, width = pixels.shape[:2]
    scale = working_side / max(width, height)
    if scale >= 1:
        return pixels
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


def _upright(pixels: Rgb, orientation: int) -> Rgb:
    """Undo EXIF orientation 1 to 8; 5 to 8 are mirrored or turned about a diagonal."""
    if orientation >= 5:
        pixels = pixels.transpose(1, 0, 2)
    if orientation in {3, 4, 7, 8}:
        pixels = pixels[::-1]
    if orientation in {2, 3, 6, 7}:
        pixels = pixels[:, ::-1]
    return np.ascontiguousarray(pixels)
