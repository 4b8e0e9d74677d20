"""When and where a photo was taken and which way up it is, from its EXIF block.

EXIF is written by anybody: whatever is missing, malformed or out of range is simply absent.
"""

from __future__ import annotations

import io
import math
import re
import struct
import zlib
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, BinaryIO

from PIL import ExifTags, Image

from engine.sight import Metadata
from engine.types import GeoPoint

HOSTILE_BYTES = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    EOFError,
    RuntimeError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
    Warning,
)
"""What Pillow's parsers raise on malformed bytes, also where warnings are made errors."""

_FORMATS = ("JPEG", "PNG", "WEBP", "TIFF")
_OPTIONAL_FORMATS = {"HEIF"}  # Pillow knows them once somebody has registered them
_TIME = re.compile(r"(\d{4}):(\d\d):(\d\d)[ T](\d\d):(\d\d):(\d\d)")
_OFFSET = re.compile(r"([+-])(\d\d):(\d\d)")


def read_metadata(data: bytes) -> Metadata:
    """Metadata of an encoded image; never raises, whatever the bytes.

    A time without an offset is taken as UTC: the camera's zone is unknown, and a fixed
    reading keeps the order of photos from one camera.
    """
    return read_metadata_from(io.BytesIO(data))


def read_metadata_from(file: BinaryIO) -> Metadata:
    """As `read_metadata`, from an open file; reads its header and no pixels."""
    try:
        formats = (*_FORMATS, *(_OPTIONAL_FORMATS & Image.OPEN.keys()))
        with Image.open(file, formats=formats) as image:
            return metadata_of(image)
    except HOSTILE_BYTES:
        return Metadata()


def metadata_of(image: Image.Image) -> Metadata:
    """Metadata of an image that Pillow has opened; never raises."""
    try:
        exif = image.getexif()
        orientation = exif.get(ExifTags.Base.Orientation)
        details = _directory(exif, ExifTags.IFD.Exif)
        gps = _directory(exif, ExifTags.IFD.GPSInfo)
        fallback = exif.get(ExifTags.Base.DateTime)
    except HOSTILE_BYTES:
        return Metadata()
    return Metadata(
        captured_at=_capture_time(details, fallback),
        location=_location(gps),
        orientation=orientation if isinstance(orientation, int) and 1 <= orientation <= 8 else 1,
    )


def _directory(exif: Image.Exif, tag: int) -> dict[int, Any]:
    try:
        return dict(exif.get_ifd(tag))
    except HOSTILE_BYTES:
        return {}


def _capture_time(details: dict[int, Any], fallback: object) -> float | None:
    tags = ExifTags.Base
    taken = _epoch(
        details.get(tags.DateTimeOriginal),
        details.get(tags.OffsetTimeOriginal),
        details.get(tags.SubsecTimeOriginal),
    )
    if taken is not None:
        return taken
    return _epoch(fallback, details.get(tags.OffsetTime), details.get(tags.SubsecTime))


def _epoch(stamp: object, offset: object, fraction: object) -> float | None:
    match = _TIME.match(stamp) if isinstance(stamp, str) else None
    if match is None:
        return None
    year, month, day, hour, minute, second = (int(part) for part in match.groups())
    try:
        moment = datetime(year, month, day, hour, minute, second, tzinfo=_zone(offset))
        return moment.timestamp() + _fraction(fraction)
    except (ValueError, OverflowError):
        return None


def _zone(offset: object) -> timezone:
    match = _OFFSET.match(offset) if isinstance(offset, str) else None
    if match is None or int(match[2]) > 14 or int(match[3]) > 59:
        return UTC
    ahead = timedelta(hours=int(match[2]), minutes=int(match[3]))
    return timezone(ahead if match[1] == "+" else -ahead)


def _fraction(digits: object) -> float:
    """Fraction of a second: EXIF writes the digits after the decimal point."""
    text = digits.strip() if isinstance(digits, str) else ""
    return float(f"0.{text}") if re.fullmatch("[0-9]{1,9}", text) else 0.0


def _location(gps: dict[int, Any]) -> GeoPoint | None:
    tags = ExifTags.GPS
    lat = _degrees(gps.get(tags.GPSLatitude), gps.get(tags.GPSLatitudeRef), "NS")
    lon = _degrees(gps.get(tags.GPSLongitude), gps.get(tags.GPSLongitudeRef), "EW")
    if lat is None or lon is None or abs(lat) > 90 or abs(lon) > 180:
        return None
    if lat == 0 and lon == 0:  # receivers without a fix write zeros
        return None
    return GeoPoint(lat, lon)


def _degrees(parts: object, ref: object, signs: str) -> float | None:
    """Signed degrees from (degrees, minutes, seconds) and a reference such as N or S."""
    side = ref.strip("\0 ").upper() if isinstance(ref, str) else ""
    if side not in tuple(signs) or not isinstance(parts, tuple) or len(parts) != 3:
        return None
    try:
        degrees, minutes, seconds = (float(part) for part in parts)
    except HOSTILE_BYTES:
        return None
    total = degrees + minutes / 60 + seconds / 3600
    if not math.isfinite(total) or min(degrees, minutes, seconds) < 0:
        return None
    return -total if side == signs[1] else total
