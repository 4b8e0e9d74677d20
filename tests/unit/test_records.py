"""The codecs give back every bit, and notice every broken one."""

from __future__ import annotations

import struct
import zlib
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from engine.errors import Misconfigured
from engine.types import (
    Assigned,
    Box,
    Carved,
    Change,
    Confirmed,
    Created,
    Event,
    Evidence,
    GeoPoint,
    ImageRecord,
    Item,
    LocalFeatures,
    Merged,
    Moved,
    Origin,
    Outcome,
    Rejection,
    Split,
    Trial,
    Verdict,
)
from state.records import (
    VERSION,
    CorruptRecord,
    decode_features,
    decode_outcome,
    decode_rejection,
    encode_features,
    encode_outcome,
    encode_rejection,
)

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
numbers = st.floats(allow_nan=False, allow_infinity=False)
floats32 = st.floats(width=32, allow_nan=False)
counts = st.integers(0, 2**31)
origins = st.builds(Origin, texts, counts, st.integers(-(2**63), 2**63 - 1))
boxes = st.builds(Box, numbers, numbers, numbers, numbers)
vectors = hnp.arrays(np.float32, st.integers(0, 9), elements=floats32)
items = st.builds(Item, texts, vectors, boxes)
images = st.builds(
    ImageRecord,
    texts,
    texts,
    origins,
    texts,
    counts,
    counts,
    st.none() | numbers,
    st.none() | st.builds(GeoPoint, numbers, numbers),
    st.dictionaries(texts, texts, max_size=3),
)
trials = st.builds(Trial, texts, texts, st.builds(Verdict, counts, numbers))
tuples_of_trials = st.lists(trials, max_size=3).map(tuple)
evidence = st.builds(Evidence, texts, st.none() | numbers, st.none() | numbers, tuples_of_trials)
pairs = st.lists(st.tuples(counts, counts), max_size=3).map(tuple)
changes: st.SearchStrategy[Change] = st.one_of(
    st.builds(Created, texts, texts),
    st.builds(Assigned, texts, texts, counts, st.booleans(), numbers, evidence),
    st.builds(Confirmed, texts),
    st.builds(Merged, texts, texts, pairs),
    st.builds(Split, texts, texts, st.lists(counts).map(tuple), st.lists(texts).map(tuple)),
    st.builds(Moved, texts, texts, st.lists(counts).map(tuple), st.lists(texts).map(tuple)),
    st.builds(Carved, texts, counts, st.lists(st.tuples(texts, counts)).map(tuple)),
)
events = st.builds(Event, texts, counts, changes)
outcomes = st.builds(
    Outcome,
    images,
    st.lists(items, max_size=3).map(tuple),
    st.lists(events, max_size=4).map(tuple),
)
rejections = st.builds(Rejection, texts, texts, origins, texts, texts)


@st.composite
def local_features(draw: st.DrawFn) -> LocalFeatures:
    n, k = draw(st.integers(0, 5)), draw(st.integers(1, 8))
    return LocalFeatures(
        draw(hnp.arrays(np.float32, (n, 4), elements=floats32)),
        draw(hnp.arrays(np.uint8, (n, k))),
        draw(counts),
        draw(counts),
    )


@settings(deadline=None)
@given(outcomes)
def test_outcome_roundtrip(outcome: Outcome) -> None:
    """A journalled outcome comes back equal, its vectors bit for bit."""
    back = decode_outcome(encode_outcome(outcome))
    assert (back.image, back.events) == (outcome.image, outcome.events)
    assert repr(back.events) == repr(outcome.events)  # tells -0.0 from 0.0 and 1 from 1.0
    assert [(i.item_id, i.box, i.features) for i in back.items] == [
        (i.item_id, i.box, None) for i in outcome.items
    ]
    for got, given_ in zip(back.items, outcome.items, strict=True):
        assert got.vector.dtype == np.float32
        assert got.vector.tobytes() == given_.vector.tobytes()


@settings(deadline=None)
@given(local_features())
def test_features_roundtrip(features: LocalFeatures) -> None:
    """Exemplar features come back bit for bit, also where there are none."""
    back = decode_features(encode_features(features))
    assert back.points.tobytes() == features.points.tobytes()
    assert back.descriptors.tobytes() == features.descriptors.tobytes()
    assert back.points.shape == features.points.shape
    assert back.descriptors.shape == features.descriptors.shape
    assert (back.width, back.height) == (features.width, features.height)


@settings(deadline=None)
@given(rejections)
def test_rejection_roundtrip(rejection: Rejection) -> None:
    """A rejection comes back equal."""
    assert decode_rejection(encode_rejection(rejection)) == rejection


@settings(deadline=None)
@given(outcomes, st.data())
def test_any_flipped_byte_is_detected(outcome: Outcome, data: st.DataObject) -> None:
    """Whichever single byte the disk got wrong, the record is refused."""
    record = bytearray(encode_outcome(outcome))
    at = data.draw(st.integers(0, len(record) - 1))
    record[at] ^= data.draw(st.integers(1, 255))
    with pytest.raises(CorruptRecord):
        decode_outcome(bytes(record))


@settings(deadline=None)
@given(local_features(), st.data())
def test_truncation_is_detected(features: LocalFeatures, data: st.DataObject) -> None:
    """A record cut short anywhere is refused."""
    record = encode_features(features)
    with pytest.raises(CorruptRecord):
        decode_features(record[: data.draw(st.integers(0, len(record) - 1))])


REJECTION = Rejection("a.jpg", "site", Origin("file:a.jpg", 0, 1), "too_large", "90 MB")


def test_another_kind_of_record_is_refused() -> None:
    """A rejection read where an outcome belongs is corruption, not an outcome."""
    with pytest.raises(CorruptRecord, match="CRNo"):
        decode_outcome(encode_rejection(REJECTION))


@pytest.mark.parametrize(
    ("version", "remedy"), [(VERSION + 1, "or a newer one"), (VERSION - 1, "or start over")]
)
def test_another_version_is_named(version: int, remedy: str) -> None:
    """A record of another format is the operator's matter and says which Cairn can read it."""
    record = encode_rejection(REJECTION)[:-4]
    other = record[:4] + struct.pack("<H", version) + record[6:]
    with pytest.raises(Misconfigured, match=f"version {version}.*{remedy}"):
        decode_rejection(other + struct.pack("<I", zlib.crc32(other)))


def test_numpy_scalars_and_read_only_mappings_are_kept_exactly() -> None:
    """Values that merely look like plain ones are stored without loss."""
    similarity: Any = np.float32(0.1)
    change = Assigned("c", "i", 0, founds=False, confidence=similarity, evidence=Evidence("assign"))
    image = ImageRecord("i", "s", Origin("t", 0, 0), "h", 1, 1, None, None, MappingProxyType({}))
    back = decode_outcome(encode_outcome(Outcome(image, (), (Event("s", 1, change),))))
    kept = back.events[0].change
    assert isinstance(kept, Assigned)
    assert kept.confidence == float(similarity)
    assert back.image.attributes == {}


def test_doubles_are_refused_as_vectors() -> None:
    """A float64 vector would be rounded silently; that is a bug to hear about."""
    item = Item("i", np.zeros(3), Box(0, 0, 1, 1))  # type: ignore[arg-type]
    image = ImageRecord("i", "s", Origin("t", 0, 0), "h", 1, 1)
    with pytest.raises(TypeError, match="float64"):
        encode_outcome(Outcome(image, (item,), ()))
