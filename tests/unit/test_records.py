"""The codecs give back every bit, and notice every broken one."""

from __future__ import annotations

import struct
import zlib
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from engine.commands import (
    ConfirmCluster,
    ForgetImage,
    LinkItems,
    MergeClusters,
    MoveItems,
    NameCluster,
    Order,
    RegroupCluster,
    SplitCluster,
    UndoCommand,
)
from engine.errors import Misconfigured
from engine.lineage import (
    Assigned,
    Carved,
    Change,
    Confirmed,
    Constrained,
    Constraint,
    Created,
    Event,
    Forgotten,
    Inheritance,
    Merged,
    Moved,
    Named,
    Released,
    Revived,
    Split,
    Standing,
    Vouched,
)
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
from state.records import (
    VERSION,
    CorruptRecord,
    decode_features,
    decode_image,
    decode_item,
    decode_outcome,
    decode_rejection,
    encode_features,
    encode_image,
    encode_item,
    encode_outcome,
    encode_rejection,
    redacted_image,
)

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
numbers = st.floats(allow_nan=False, allow_infinity=False)
floats32 = st.floats(width=32, allow_nan=False)
counts = st.integers(0, 2**31)
origins = st.builds(Origin, texts, counts, st.integers(-(2**63), 2**63 - 1))
boxes = st.builds(Box, numbers, numbers, numbers, numbers)
vectors = hnp.arrays(np.float32, st.integers(0, 9), elements=floats32)
items = st.builds(Item, texts, vectors, boxes)
lists_of_items = st.lists(items, max_size=3, unique_by=lambda item: item.item_id).map(tuple)
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
trials = st.builds(Trial, texts, texts, numbers, st.builds(Verdict, counts, counts, *[numbers] * 3))
tuples_of_trials = st.lists(trials, max_size=3).map(tuple)
evidence = st.builds(Evidence, texts, st.none() | numbers, st.none() | numbers, tuples_of_trials)
pairs = st.lists(st.tuples(counts, counts), max_size=3).map(tuple)
lists_of_texts = st.lists(texts, max_size=3).map(tuple)
standings = st.builds(Standing, counts, st.booleans(), st.booleans(), texts)
inheritances = st.builds(Inheritance, st.lists(counts).map(tuple), standings, standings)
constraints = st.builds(Constraint, counts, counts, st.booleans(), texts, st.booleans())
lists_of_constraints = st.lists(constraints, max_size=3).map(tuple)
changes: st.SearchStrategy[Change] = st.one_of(
    st.builds(Created, texts, texts),
    st.builds(Assigned, texts, texts, counts, st.booleans(), numbers, evidence),
    st.builds(Confirmed, texts),
    st.builds(Merged, texts, texts, pairs, st.none() | inheritances),
    st.builds(Revived, texts, texts, inheritances, lists_of_texts),
    st.builds(Named, texts, texts, texts),
    st.builds(Vouched, texts, *[st.booleans()] * 4),
    st.builds(Constrained, texts, lists_of_constraints),
    st.builds(Released, texts, lists_of_constraints),
    st.builds(Forgotten, texts, texts, counts),
    st.builds(Split, texts, texts, st.lists(counts).map(tuple), st.lists(texts).map(tuple)),
    st.builds(Moved, texts, texts, st.lists(counts).map(tuple), st.lists(texts).map(tuple)),
    st.builds(Carved, texts, counts, st.lists(st.tuples(texts, counts)).map(tuple)),
)
events = st.builds(Event, texts, counts, changes)
names = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12)
lists_of_names = st.lists(names, min_size=2, max_size=3, unique=True).map(tuple)
orders: st.SearchStrategy[Order] = st.one_of(
    st.builds(MergeClusters, lists_of_names),
    st.builds(SplitCluster, names, lists_of_names),
    st.builds(MoveItems, lists_of_names, st.none() | names),
    st.builds(ConfirmCluster, names),
    st.builds(NameCluster, names, names.map(str.strip)),
    st.builds(LinkItems, lists_of_names.map(lambda names: names[:2]), st.booleans()),
    st.builds(ForgetImage, names),
    st.builds(RegroupCluster, names),
    st.builds(UndoCommand, names),
)
corrections = st.builds(Correction, texts, texts, origins, orders, texts, st.none() | numbers)
outcomes = st.builds(
    Outcome, images | corrections, lists_of_items, st.lists(events, max_size=4).map(tuple)
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


def back_from(outcome: Outcome) -> Outcome:
    """What comes back of an outcome whose image and items are kept."""
    cause = outcome.cause
    image = decode_image(encode_image(cause)) if isinstance(cause, ImageRecord) else None
    kept = {item.item_id: encode_item(item) for item in outcome.items}
    return decode_outcome(encode_outcome(outcome), image, lambda name: decode_item(kept[name]))


@settings(deadline=None)
@given(outcomes)
def test_outcome_roundtrip(outcome: Outcome) -> None:
    """A journalled outcome comes back equal, its vectors bit for bit."""
    back = back_from(outcome)
    assert (back.cause, back.events) == (outcome.cause, outcome.events)
    assert repr(back.events) == repr(outcome.events)  # tells -0.0 from 0.0 and 1 from 1.0
    assert [(i.item_id, i.box, i.features) for i in back.items] == [
        (i.item_id, i.box, None) for i in outcome.items
    ]
    for got, given_ in zip(back.items, outcome.items, strict=True):
        assert got.vector.dtype == np.float32
        assert got.vector.tobytes() == given_.vector.tobytes()


@settings(deadline=None)
@given(outcomes)
def test_what_was_shown_is_not_in_the_outcome(outcome: Outcome) -> None:
    """Without image and items its ids and events are there, and nothing else of the photo."""
    back = decode_outcome(encode_outcome(outcome), None, lambda _: None)
    assert back.events == outcome.events
    for got, given_ in zip(back.items, outcome.items, strict=True):
        assert (got.item_id, got.box) == (given_.item_id, Box(0, 0, 0, 0))
        assert got.vector.tobytes() == bytes(given_.vector.nbytes)
    if isinstance(outcome.cause, ImageRecord):
        assert back.cause == redacted_image(outcome.cause)


def test_another_image_than_the_outcomes_is_corruption() -> None:
    """An image record that does not belong to its outcome is noticed."""
    image = ImageRecord("i", "s", Origin("t", 0, 0), "h", 1, 1)
    other = replace(image, content_hash="other")
    with pytest.raises(CorruptRecord, match="another"):
        decode_outcome(encode_outcome(Outcome(image, (), ())), other, lambda _: None)


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


@given(local_features(), local_features())
def test_features_of_two_kinds_roundtrip(features: LocalFeatures, more: LocalFeatures) -> None:
    """Both come back, bit for bit."""
    both = replace(features, more=more)
    back = decode_features(encode_features(both))
    assert encode_features(back) == encode_features(both)
    assert back.more is not None
    assert back.more.descriptors.tobytes() == more.descriptors.tobytes()


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
        decode_outcome(bytes(record), None, lambda _: None)


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
        decode_outcome(encode_rejection(REJECTION), None, lambda _: None)


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
    back = back_from(Outcome(image, (), (Event("s", 1, change),)))
    kept = back.events[0].change
    assert isinstance(kept, Assigned)
    assert kept.confidence == float(similarity)
    assert isinstance(back.cause, ImageRecord)
    assert back.cause.attributes == {}


def test_doubles_are_refused_as_vectors() -> None:
    """A float64 vector would be rounded silently; that is a bug to hear about."""
    item = Item("i", np.zeros(3), Box(0, 0, 1, 1))  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="float64"):
        encode_item(item)
