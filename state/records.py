"""Lossless codecs for what the journal keeps: outcomes, images, items, features, rejections.

What an image showed lies in records of its own, apart from what was decided: the image record
with its place, time and attributes, each item with its vector and box, each exemplar's features.
To forget an image they are erased, and the outcome, which tells ids and events, stays in its
place in the order of replay.

A record is one frame, little-endian throughout:

    magic (4 bytes, one per kind) | version (uint16) | header length (uint32)
    header (JSON) | raw array buffers | CRC-32 of all before it (uint32)

The header carries the field names of the nouns: renaming one of them changes the format and
needs a new version here. Numbers must be finite, for JSON has no others.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from itertools import chain
from typing import Any, Final, get_args

import numpy as np
import orjson
from numpy.typing import NDArray

from engine.command_message import order_body, order_of
from engine.errors import Misconfigured, UnusableState
from engine.lineage import Change, Constraint, Event, Inheritance, Standing
from engine.types import (
    Box,
    Correction,
    GeoPoint,
    ImageRecord,
    Item,
    LocalFeatures,
    Origin,
    Outcome,
    Rejection,
)
from engine.verdict import Evidence, Trial, Verdict

VERSION: Final = 5

_OUTCOME: Final = b"CRNo"
_IMAGE: Final = b"CRNp"
_ITEM: Final = b"CRNi"
_FEATURES: Final = b"CRNf"
_REJECTION: Final = b"CRNr"

_CHANGES: Final[Mapping[str, type[Change]]] = {kind.__name__: kind for kind in get_args(Change)}

_ITEM_FIELDS: Final = ("item_id", "box", "label", "score", "quality")

_PREFIX: Final = struct.Struct("<4sHI")
_CRC: Final = struct.Struct("<I")


class CorruptRecord(UnusableState):
    """A record is not what was written: the disk's fault or ours, never to be skipped over."""


def encode_outcome(outcome: Outcome) -> bytes:
    """Encode what was decided and why, without image, vectors and local features."""
    header = {
        "cause": _cause_fields(outcome.cause),
        "items": [[item.item_id, len(item.vector)] for item in outcome.items],
        "events": [
            [event.scope, event.seq, type(event.change).__name__, event.change]
            for event in outcome.events
        ],
    }
    return _frame(_OUTCOME, header)


def decode_outcome(
    data: bytes, image: ImageRecord | None, find: Callable[[str], Item | None]
) -> Outcome:
    """Invert `encode_outcome`; raises CorruptRecord, or Misconfigured for another version.

    image: the image it is the outcome of, and `find`: items by id; both None where they were
    forgotten, or are not the outcome's own.
    """
    header, _ = _unframe(_OUTCOME, data)
    cause = _cause(header["cause"])
    if image is not None and redacted_image(image) != cause:
        raise CorruptRecord("its image is another than that of the record")
    items = (find(item_id) or _redacted(item_id, dim) for item_id, dim in header["items"])
    events = (
        Event(scope, seq, _change(kind, fields)) for scope, seq, kind, fields in header["events"]
    )
    return Outcome(image or cause, tuple(items), tuple(events))


def encode_image(image: ImageRecord) -> bytes:
    """Encode all that is kept of a photo."""
    return _frame(_IMAGE, image)


def decode_image(data: bytes) -> ImageRecord:
    """Invert `encode_image`; raises CorruptRecord, or Misconfigured for another version."""
    return _image(_unframe(_IMAGE, data)[0])


def encode_item(item: Item) -> bytes:
    """Encode an item without its local features; the vector keeps every bit."""
    header = {name: getattr(item, name) for name in _ITEM_FIELDS}
    return _frame(_ITEM, header, _raw(item.vector, np.float32))


def decode_item(data: bytes) -> Item:
    """Invert `encode_item`; raises CorruptRecord, or Misconfigured for another version."""
    header, body = _unframe(_ITEM, data)
    vector = np.frombuffer(body, "<f4").astype(np.float32)
    return Item(vector=vector, box=Box(**header.pop("box")), **header)


def redacted_image(image: ImageRecord) -> ImageRecord:
    """What stays of an image when it is forgotten: what tells that it was here before."""
    return ImageRecord(image.image_id, image.scope, image.origin, image.content_hash, 0, 0)


def redacted_item(item: Item) -> Item:
    """What stays of an item when it is forgotten: its id, and a zero vector."""
    return _redacted(item.item_id, len(item.vector))


def _redacted(item_id: str, dim: int) -> Item:
    return Item(item_id, np.zeros(dim, np.float32), Box(0.0, 0.0, 0.0, 0.0))


def encode_features(features: LocalFeatures) -> bytes:
    """Encode local features of one kind or two; points and descriptors keep every bit."""
    kinds = [features] if features.more is None else [features, features.more]
    header = [
        {"shape": one.descriptors.shape, "width": one.width, "height": one.height} for one in kinds
    ]
    arrays = ((_raw(one.points, np.float32), _raw(one.descriptors, np.uint8)) for one in kinds)
    return _frame(_FEATURES, header, *chain.from_iterable(arrays))


def decode_features(data: bytes) -> LocalFeatures:
    """Invert `encode_features`; raises CorruptRecord, or Misconfigured for a newer version."""
    (first, *others), body = _unframe(_FEATURES, data)
    features, rest = _features(first, body)
    for fields in others:
        features = replace(features, more=_features(fields, rest)[0])
    return features


def _features(fields: Mapping[str, Any], body: memoryview) -> tuple[LocalFeatures, memoryview]:
    """Features of one kind, and what follows them."""
    count, length = fields["shape"]
    points = np.frombuffer(body, "<f4", count * 4).astype(np.float32)
    descriptors = np.frombuffer(body, np.uint8, count * length, points.nbytes).copy()
    shaped = points.reshape(count, 4), descriptors.reshape(count, length)
    features = LocalFeatures(*shaped, fields["width"], fields["height"])
    return features, body[points.nbytes + descriptors.nbytes :]


def encode_rejection(rejection: Rejection) -> bytes:
    """Encode a rejection."""
    return _frame(_REJECTION, asdict(rejection))


def decode_rejection(data: bytes) -> Rejection:
    """Invert `encode_rejection`; raises CorruptRecord, or Misconfigured for a newer version."""
    header, _ = _unframe(_REJECTION, data)
    return Rejection(**{**header, "origin": Origin(**header["origin"])})


def is_whole(data: bytes) -> bool:
    """Whether the checksum of a record of any kind holds."""
    end = len(data) - _CRC.size
    return end >= 0 and _CRC.pack(zlib.crc32(data[:end])) == data[end:]


def _frame(magic: bytes, header: object, *buffers: bytes) -> bytes:
    head = orjson.dumps(header, default=_plain)
    frame = b"".join((_PREFIX.pack(magic, VERSION, len(head)), head, *buffers))
    return frame + _CRC.pack(zlib.crc32(frame))


def _unframe(magic: bytes, data: bytes) -> tuple[Any, memoryview]:
    """Header and array buffers of a frame that is whole."""
    if len(data) < _PREFIX.size + _CRC.size or not data.startswith(magic):
        raise CorruptRecord(f"not a {magic.decode()} record ({len(data)} bytes)")
    frame = memoryview(data)[: -_CRC.size]
    if zlib.crc32(frame) != _CRC.unpack(data[-_CRC.size :])[0]:
        raise CorruptRecord(f"checksum of a {magic.decode()} record ({len(data)} bytes) is wrong")
    _, version, head_length = _PREFIX.unpack_from(frame)
    if version != VERSION:
        raise Misconfigured(
            f"the state holds records of version {version}, this Cairn reads version {VERSION}: "
            f"run the Cairn that wrote them{', or a newer one' if version > VERSION else ''}, "
            "or start over with a fresh state directory (over Kafka, with another topic prefix)"
        )
    end = _PREFIX.size + head_length
    return orjson.loads(frame[_PREFIX.size : end]), frame[end:]


def _plain(value: object) -> object:
    """Help orjson with read-only mappings and numpy's scalars, without loss."""
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} cannot be journalled")


def _raw(array: NDArray[Any], dtype: type[np.generic]) -> bytes:
    if array.dtype != dtype:
        raise TypeError(f"{array.dtype} where {dtype.__name__} belongs would lose bits")
    return array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes()


def _cause_fields(cause: ImageRecord | Correction) -> object:
    if isinstance(cause, ImageRecord):
        return redacted_image(cause)
    return {**asdict(cause), "order": order_body(cause.order)}


def _cause(fields: dict[str, Any]) -> ImageRecord | Correction:
    if "order" not in fields:
        return _image(fields)
    origin, order = Origin(**fields.pop("origin")), order_of(fields.pop("order"))
    expects = tuple((cluster_id, revision) for cluster_id, revision in fields.pop("expects"))
    return Correction(origin=origin, order=order, expects=expects, **fields)


def _image(fields: dict[str, Any]) -> ImageRecord:
    location = fields.pop("location")
    return ImageRecord(
        origin=Origin(**fields.pop("origin")),
        location=GeoPoint(**location) if location else None,
        **fields,
    )


def _change(kind: str, fields: dict[str, Any]) -> Change:
    if kind not in _CHANGES:
        raise CorruptRecord(f"unknown change {kind!r} in the journal")
    return _CHANGES[kind](**{name: _field(name, value) for name, value in fields.items()})


def _field(name: str, value: Any) -> Any:
    match name:
        case "evidence":
            return _evidence(value)
        case "inheritance":
            return None if value is None else _inheritance(**value)
        case "constraints":
            return tuple(Constraint(**fields) for fields in value)
    return _tupled(value)


def _tupled(value: Any) -> Any:
    """JSON knows lists alone; changes are immutable."""
    return tuple(_tupled(one) for one in value) if isinstance(value, list) else value


def _evidence(fields: dict[str, Any]) -> Evidence:
    trials = (
        Trial(verdict=Verdict(**trial.pop("verdict")), **trial) for trial in fields.pop("trials")
    )
    return Evidence(trials=tuple(trials), **fields)


def _inheritance(
    prototypes: list[int], standing: dict[str, Any], heir: dict[str, Any]
) -> Inheritance:
    return Inheritance(tuple(prototypes), Standing(**standing), Standing(**heir))
