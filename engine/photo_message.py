"""Photos as messages: written by producers, read by the consumer, hostile until parsed.

The metadata lies in headers, the image bytes in the value; the key is the scope. A value in
JSON claims an image that lies elsewhere (`engine.claim`), and may hold the metadata too.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from engine.claim import CLAIM_CHECK, claim_value, parse_claim
from engine.errors import BadImage
from engine.types import Claim, GeoPoint, Origin, Photo, Rejection
from engine.wire import Record, encode_headers

MAX_ID_CHARS = 512
MAX_ATTRIBUTE_CHARS = 4096
MAX_ATTRIBUTES = 64
MAX_ATTRIBUTES_BYTES = 32 * 1024
CONTROL_CHARACTERS = re.compile(r"[\x00-\x1f\x7f-\x9f]")
PLAIN_ATTRIBUTES = frozenset({"source", "label", "traceparent"})
"""Attributes whose header has their own name; all others get the prefix `attr-`."""

UNKNOWN_IMAGE = "image/x-unknown"
SIGNATURES = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF8", "image/gif"),
    (b"BM", "image/bmp"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
)


def photo_record(photo: Photo, content_type: str) -> Record:
    """Write a photo as a message, of the type that `content_type_of` its data gives.

    `parse_photo` reads it back.
    """
    fields = {"content-type": content_type, "ce_id": photo.image_id}
    if photo.captured_at is not None:
        fields["captured-at"] = datetime.fromtimestamp(photo.captured_at, UTC).isoformat()
    if photo.location is not None:
        fields |= {"lat": repr(photo.location.lat), "lon": repr(photo.location.lon)}
    for name, text in sorted(photo.attributes.items()):
        fields[name if name in PLAIN_ATTRIBUTES else f"attr-{name}"] = text
    value = claim_value(photo.data) if isinstance(photo.data, Claim) else photo.data
    return Record(photo.scope.encode(), value, encode_headers(fields))


def content_type_of(data: bytes | Claim) -> str:
    """Guess the media type by the first bytes; what is unknown is left to the decoder."""
    if isinstance(data, Claim):
        return CLAIM_CHECK
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    known = (media for magic, media in SIGNATURES if data.startswith(magic))
    return next(known, UNKNOWN_IMAGE)


def parse_photo(
    key: bytes | None, value: bytes | None, headers: Iterable[tuple[str, bytes]], origin: Origin
) -> Photo:
    """Read the photo in a message. Raises BadImage for everything that is not one."""
    fields = dict(headers)
    scope = _identifier("key (scope)", key)
    data, stated = _image(fields.get("content-type"), value)
    fields = {**stated, **fields}  # a header is what others on the way can read: it goes first
    image_id = _identifier("ce_id", fields.get("ce_id"))
    return Photo(
        image_id=image_id,
        scope=scope,
        origin=origin,
        data=data,
        captured_at=_captured_at(fields),
        location=_location(fields),
        attributes=_attributes(fields),
    )


def rejection_of(
    key: bytes | None, headers: Iterable[tuple[str, bytes]], origin: Origin, error: BadImage
) -> Rejection:
    """Say what is known of a message that is no photo; unreadable names become empty."""
    names = (key, dict(headers).get("ce_id"))
    scope, image_id = (_readable(raw) for raw in names)
    return Rejection(image_id, scope, origin, error.reason, error.detail)


def _image(
    content_type: bytes | None, value: bytes | None
) -> tuple[bytes | Claim, Mapping[str, bytes]]:
    """The image bytes, or a claim on them and the fields that its JSON states beside it."""
    media = _text("content-type", content_type, MAX_ID_CHARS)
    media = media.partition(";")[0].strip().lower()
    if not value:
        raise _bad("the value is empty")
    if media == CLAIM_CHECK:
        return parse_claim(value)
    if not media.startswith("image/"):
        raise _bad(f"content-type {media!r} is not an image")
    return value, {}


def _captured_at(fields: Mapping[str, bytes]) -> float | None:
    if "captured-at" not in fields:
        return None
    text = _text("captured-at", fields["captured-at"], MAX_ID_CHARS)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise _bad(f"captured-at {text!r} is no RFC 3339 time") from None
    if moment.tzinfo is None:
        raise _bad(f"captured-at {text!r} lacks its offset from UTC")
    return moment.timestamp()


def _location(fields: Mapping[str, bytes]) -> GeoPoint | None:
    if "lat" not in fields and "lon" not in fields:
        return None
    return GeoPoint(_degrees("lat", fields, limit=90.0), _degrees("lon", fields, limit=180.0))


def _degrees(name: str, fields: Mapping[str, bytes], limit: float) -> float:
    text = _text(name, fields.get(name), MAX_ID_CHARS)
    try:
        degrees = float(text)
    except ValueError:
        degrees = math.nan
    if not -limit <= degrees <= limit:  # false for NaN, too
        raise _bad(f"{name} {text!r} is not within -{limit:g} to {limit:g} degrees")
    return degrees


def _attributes(fields: Mapping[str, bytes]) -> dict[str, str]:
    own = {n: raw for n, raw in fields.items() if n in PLAIN_ATTRIBUTES or n.startswith("attr-")}
    if len(own) > MAX_ATTRIBUTES or any(len(name) > MAX_ID_CHARS for name in own):
        raise _bad(f"more than {MAX_ATTRIBUTES} attributes, or a name over {MAX_ID_CHARS}")
    if sum(len(name.encode()) + len(raw) for name, raw in own.items()) > MAX_ATTRIBUTES_BYTES:
        raise _bad(f"attributes of more than {MAX_ATTRIBUTES_BYTES} bytes in all")
    return {
        name.removeprefix("attr-"): _printable(name, raw, MAX_ATTRIBUTE_CHARS)
        for name, raw in own.items()
    }


def _identifier(what: str, raw: bytes | None) -> str:
    text = _printable(what, raw, MAX_ID_CHARS)
    if not text:
        raise _bad(f"{what} is empty")
    return text


def _printable(what: str, raw: bytes | None, limit: int) -> str:
    text = _text(what, raw, limit)
    if CONTROL_CHARACTERS.search(text):
        raise _bad(f"{what} contains control characters")
    return text


def _text(what: str, raw: bytes | None, limit: int) -> str:
    if raw is None:
        raise _bad(f"{what} is missing")
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        raise _bad(f"{what} is not UTF-8") from None
    if len(text) > limit:
        raise _bad(f"{what} has {len(text)} characters, more than {limit}")
    return text


def _readable(raw: bytes | None) -> str:
    try:
        return _identifier("", raw)
    except BadImage:
        return ""


def _bad(detail: str) -> BadImage:
    return BadImage("bad_message", detail)
