"""Lossless codecs for what the journal keeps: outcomes, exemplar features, rejections.

A record is one frame, little-endian throughout:

    magic (4 bytes, one per kind) | version (uint16) | header length (uint32)
    header (JSON) | raw array buffers | CRC-32 of all before it (uint32)

The header carries the field names of `engine.types`: renaming one there changes the format and
needs a new version here. Numbers must be finite, for JSON has no others.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from itertools import accumulate, pairwise
from typing import Any, Final, get_args

import numpy as np
import orjson
from numpy.typing import NDArray

from engine.errors import Misconfigured
from engine.types import (
    Box,
    Change,
    Event,
    Evidence,
    GeoPoint,
    ImageRecord,
    Item,
    LocalFeatures,
    Origin,
    Outcome,
    Rejection,
    Trial,
    Vector,
    Verdict,
)

VERSION: Final = 2

_OUTCOME: Final = b"CRNo"
_FEATURES: Final = b"CRNf"
_REJECTION: Final = b"CRNr"

_CHANGES: Final[Mapping[str, type[Change]]] = {kind.__name__: kind for kind in get_args(Change)}

_PREFIX: Final = struct.Struct("<4sHI")
_CRC: Final = struct.Struct("<I")


class CorruptRecord(Misconfigured):
    """A record is not what was written: the disk's fault or ours, never to be skipped over."""


def encode_outcome(outcome: Outcome) -> bytes:
    """Encode an outcome without its items' local features; vectors keep every bit."""
    header = {
        "image": outcome.image,
        "items": [[item.item_id, len(item.vector), item.box] for item in outcome.items],
        "events": [
            [event.scope, event.seq, type(event.change).__name__, event.change]
            for event in outcome.events
        ],
    }
    vectors = [_raw(item.vector, np.float32) for item in outcome.items]
    return _frame(_OUTCOME, header, *vectors)


def decode_outcome(data: bytes) -> Outcome:
    """Invert `encode_outcome`; raises CorruptRecord, or Misconfigured for a newer version."""
    header, body = _unframe(_OUTCOME, data)
    vectors = _split(body, [dim for _, dim, _ in header["items"]])
    items = (
        Item(item_id, vector, Box(**box))
        for (item_id, _, box), vector in zip(header["items"], vectors, strict=True)
    )
    events = (
        Event(scope, seq, _change(kind, fields)) for scope, seq, kind, fields in header["events"]
    )
    return Outcome(_image(header["image"]), tuple(items), tuple(events))


def encode_features(features: LocalFeatures) -> bytes:
    """Encode local features; points and descriptors keep every bit."""
    header = {
        "shape": features.descriptors.shape,
        "width": features.width,
        "height": features.height,
    }
    points = _raw(features.points, np.float32)
    return _frame(_FEATURES, header, points, _raw(features.descriptors, np.uint8))


def decode_features(data: bytes) -> LocalFeatures:
    """Invert `encode_features`; raises CorruptRecord, or Misconfigured for a newer version."""
    header, body = _unframe(_FEATURES, data)
    count, length = header["shape"]
    points = np.frombuffer(body, "<f4", count * 4).astype(np.float32)
    descriptors = np.frombuffer(body, np.uint8, count * length, points.nbytes).copy()
    return LocalFeatures(
        points.reshape(count, 4),
        descriptors.reshape(count, length),
        header["width"],
        header["height"],
    )


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


def _split(body: memoryview, lengths: list[int]) -> Iterator[Vector]:
    values = np.frombuffer(body, "<f4")
    for start, end in pairwise(accumulate(lengths, initial=0)):
        yield values[start:end].astype(np.float32)


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
    if "evidence" in fields:
        fields["evidence"] = _evidence(fields["evidence"])
    return _CHANGES[kind](**{name: _tupled(value) for name, value in fields.items()})


def _tupled(value: Any) -> Any:
    """JSON knows lists alone; changes are immutable."""
    return tuple(_tupled(one) for one in value) if isinstance(value, list) else value


def _evidence(fields: dict[str, Any]) -> Evidence:
    trials = (
        Trial(verdict=Verdict(**trial.pop("verdict")), **trial) for trial in fields.pop("trials")
    )
    return Evidence(trials=tuple(trials), **fields)
