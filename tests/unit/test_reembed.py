"""Other vectors and features for a journal: nothing else of it changes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import pytest

from engine.book import Book
from engine.cluster import Cluster
from engine.commands import ForgetImage
from engine.errors import StateMismatch
from engine.index.exact import ExactIndex
from engine.jobs.reembed import Wanted, own_photo, reembed
from engine.lineage import Assigned, Carved, Confirmed, Event, Forgotten
from engine.sight import Prepared
from engine.types import Batch, Correction, ImageRecord, Item, Origin, Outcome
from state.records import encode_features, encode_outcome
from tests.builders import DIM, make_features, make_outcome, make_rejection, unit
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
    """Five photos of which the second joined the first; with the fourth, the first was carved."""
    store = MemoryStore()
    outcomes = [make_outcome(name, features=make_features()) for name in NAMES]
    outcomes = [replace(o, events=tuple(_events(n, o))) for n, o in enumerate(outcomes)]
    carried = replace(outcomes[0].items[0], features=None)
    outcomes[3] = replace(outcomes[3], items=(*outcomes[3].items, carried))
    store.commit(Batch(tuple(outcomes), tuple(map(make_rejection, "xyz"))))
    return store


def _events(number: int, outcome: Outcome) -> Iterator[Event]:
    """Lineage of five outcomes, two events each, that can be replayed."""
    (created, assigned), seq = outcome.events, 2 * number + 1
    assert isinstance(assigned.change, Assigned)
    if number == 1:
        joined = replace(assigned.change, cluster_id="c-a", prototype_id=0, founds=False)
        yield Event("site", seq, joined)
        yield Event("site", seq + 1, Confirmed("c-a"))
    elif number == 3:
        yield Event("site", seq, replace(assigned.change, cluster_id="c-a", prototype_id=3))
        yield Event("site", seq + 1, Carved("c-a", 9, (("a#0", 0),)))
    else:
        yield Event("site", seq, created.change)
        yield Event("site", seq + 1, replace(assigned.change, prototype_id=number))


def renewed_by(old: MemoryStore, step: int) -> MemoryStore:
    new = MemoryStore()
    assert sum(reembed(old, new, [Origin("t", 0, 7)], look, NEW_DIM, step)) == len(NAMES)
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


@pytest.mark.parametrize("step", [1, 2, 100])
def test_replay_gives_the_same_clusters_in_the_new_space(old: MemoryStore, step: int) -> None:
    """A carved item leaves its lobe with the very vector it came with: what is left is exact."""
    before, after = replayed(old, DIM), replayed(renewed_by(old, step), NEW_DIM)
    assert {name: c.count for name, c in after.items()} == {n: c.count for n, c in before.items()}
    left, carved = after["c-a"].prototypes[0], after["c-a"].prototypes[9]
    assert left.total.tolist() == other_item("b").vector.tolist()
    assert carved.total.tolist() == other_item("a").vector.tolist()


def replayed(store: MemoryStore, dim: int) -> Mapping[str, Cluster]:
    book = Book(lambda: ExactIndex(dim))
    for outcome in store.outcomes():
        book.apply(outcome)
    return book.scope("site").clusters


def test_a_photo_without_items_is_not_looked_at(old: MemoryStore) -> None:
    """Nothing of it was clustered; what an outcome merely carries is not of its photo."""
    fourth = list(old.outcomes())[3]
    assert own_photo(fourth) == Wanted("site", "c", "hash of c")
    assert own_photo(replace(fourth, items=())) is None
    assert own_photo(replace(fourth, items=fourth.items[1:])) is None


def test_an_item_that_is_found_no_more_is_told(old: MemoryStore) -> None:
    """Photos that are cut into other items now cannot keep their clusters."""

    def blind(wanted: Sequence[Wanted]) -> Iterator[Prepared]:
        yield from (replace(prepared, items=()) for prepared in look(wanted))

    with pytest.raises(StateMismatch, match=r"item a#0 of scope 'site' is found no more"):
        list(reembed(old, MemoryStore(), [], blind, NEW_DIM, 2))


def test_what_was_forgotten_stays_forgotten(old: MemoryStore) -> None:
    """Nobody looks for its photo, and the new journal can be replayed in the new space."""
    (fifth,) = (outcome for outcome in old.outcomes() if outcome.events[0].seq == 9)
    order = Correction("x", "site", Origin("t", 0, 8), ForgetImage("d"))
    forgotten = Event("site", 11, Forgotten("c-d", "d#0", 4))
    old.commit(Batch((Outcome(order, fifth.items, (forgotten,)),)))
    looked: list[str] = []

    def watched(wanted: Sequence[Wanted]) -> Iterator[Prepared]:
        looked.extend(photo.image_id for photo in wanted)
        return look(wanted)

    new = MemoryStore()
    assert sum(reembed(old, new, [], watched, NEW_DIM, 2)) == len(NAMES) + 1
    assert looked == list(NAMES[:-1])
    assert replayed(new, NEW_DIM).keys() == {"c-a", "c-clip#7"}
