"""Other vectors and features for a journal: nothing else of it changes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest

from engine.errors import Misconfigured
from engine.jobs.reembed import Wanted, photos_of, reembed
from engine.types import Batch, ImageRecord, Item, Origin, Outcome, Prepared
from state.records import encode_features, encode_outcome
from tests.builders import make_features, make_outcome, make_rejection, unit
from tests.fakes import MemoryStore

NEW_DIM = 3
NAMES = ("a", "b", "clip#7", "c", "d")


def other_item(image_id: str, k: int = 0) -> Item:
    """The item of a photo as another encoder sees it."""
    seed = sum(f"{image_id}#{k}".encode())
    made = make_outcome(image_id).items[0]
    return replace(
        made,
        item_id=f"{image_id}#{k}",
        vector=unit(seed, NEW_DIM),
        features=make_features(seed),
    )


def look(wanted: Sequence[Wanted]) -> Iterator[Prepared]:
    for photo in wanted:
        image = ImageRecord(photo.image_id, photo.scope, Origin("f", 0, 0), "", 1, 1)
        yield Prepared(image, (other_item(photo.image_id), other_item(photo.image_id, 1)), {})


@pytest.fixture
def old() -> MemoryStore:
    """Five photos; the fourth outcome carries an item of the first one as well."""
    store = MemoryStore()
    outcomes = [make_outcome(name, founds=name != "b", features=make_features()) for name in NAMES]
    carried = replace(outcomes[0].items[0], features=None)
    outcomes[3] = replace(outcomes[3], items=(*outcomes[3].items, carried))
    store.commit(Batch(tuple(outcomes), tuple(map(make_rejection, "xyz"))))
    return store


def renewed_by(old: MemoryStore, step: int) -> MemoryStore:
    new = MemoryStore()
    assert sum(reembed(old, new, [Origin("t", 0, 7)], look, step)) == len(NAMES)
    return new


def stripped(outcome: Outcome) -> bytes:
    """An outcome but for what may change."""
    items = tuple(replace(item, vector=unit(0)) for item in outcome.items)
    return encode_outcome(replace(outcome, items=items))


@pytest.mark.parametrize("step", [1, 2, 100])
def test_only_vectors_and_features_change(old: MemoryStore, step: int) -> None:
    """Images, items, boxes, events, rejections, positions and their order stay."""
    new = renewed_by(old, step)
    assert [stripped(o) for o in new.outcomes()] == [stripped(o) for o in old.outcomes()]
    assert list(new.rejections()) == list(old.rejections())
    assert new.position("t", 0) == 7
    for outcome in new.outcomes():
        for item in outcome.items:
            image_id, _, k = item.item_id.rpartition("#")
            assert item.vector.tobytes() == other_item(image_id, int(k)).vector.tobytes()


def test_exemplars_have_the_new_features_and_others_none(old: MemoryStore) -> None:
    """What is verified against comes from the extractor of now."""
    new = renewed_by(old, 2)
    found = {name: new.features("site", f"{name}#0") for name in NAMES}
    kept = {name: None if one is None else encode_features(one) for name, one in found.items()}
    expected = {
        name: encode_features(features)
        for name in NAMES
        if (features := other_item(name).features) is not None
    }
    assert kept == expected | {"b": None}


def test_a_photo_is_looked_at_once_for_all_its_items(old: MemoryStore) -> None:
    """An outcome names the photos of its items, those of earlier ones too."""
    fourth = list(old.outcomes())[3]
    assert [photo.image_id for photo in photos_of(fourth, old)] == ["c", "a"]
    twice = replace(fourth, items=(*fourth.items, other_item("c", 1)))
    assert len(photos_of(twice, old)) == 2


def test_an_item_of_no_photo_is_told() -> None:
    """Where the journal lost the photo, its item has no pixels to be embedded from."""
    with pytest.raises(Misconfigured, match=r"'a'.*verify"):
        photos_of(make_outcome("a"), MemoryStore())
