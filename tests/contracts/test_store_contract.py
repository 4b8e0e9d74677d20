"""What every store owes: atomic commits, order, and the same answers afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.commands import ConfirmCluster, ForgetImage, Order
from engine.lineage import Carved, Event, Forgotten
from engine.neighbours import Dump
from engine.ports import Store
from engine.types import Batch, Correction, ImageRecord, Item, Origin, Outcome
from state.records import redacted_item
from state.store import DuplicateImage, SqliteStore, open_store
from tests.builders import make_features, make_outcome, make_rejection, written
from tests.fakes import MemoryStore


@pytest.fixture(params=["file", "fake"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    fake = request.param == "fake"
    made: Store = MemoryStore() if fake else open_store(tmp_path / "s.db", "test")
    yield made
    made.close()


def test_a_new_store_is_empty(store: Store) -> None:
    """Nothing is known before the first commit."""
    assert list(store.outcomes()) == []
    assert list(store.rejections()) == []
    assert store.content_hash("site", "a") is None
    assert store.position("topic", 0) is None
    assert store.features("site", "a#0") is None


def test_outcomes_come_back_in_commit_order(store: Store) -> None:
    """Replay sees what was committed, in that order, across batches."""
    names = ["b", "a", "d", "c"]
    store.commit(Batch((make_outcome("b"), make_outcome("a"))))
    store.commit(Batch((make_outcome("d"), make_outcome("c"))))
    assert [o.cause.image_id for o in store.outcomes()] == names
    expected = [written(make_outcome(name)) for name in names]
    assert [written(o) for o in store.outcomes()] == expected


def test_outcomes_come_without_features(store: Store) -> None:
    """Replay does not need features, so it does not pay for them."""
    store.commit(Batch((make_outcome("a", features=make_features()),)))
    (outcome,) = store.outcomes()
    assert [item.features for item in outcome.items] == [None]


def test_rejections_come_back_in_commit_order(store: Store) -> None:
    """Dead letters are kept as they were, repeated ones included."""
    rejections = tuple(make_rejection(name) for name in "bab")
    store.commit(Batch(rejections=rejections[:1]))
    store.commit(Batch(rejections=rejections[1:]))
    assert tuple(store.rejections()) == rejections


def test_features_of_founders_only(store: Store) -> None:
    """Only an item that became a prototype is an exemplar; the others' features are let go."""
    kept = make_features(1)
    founder = make_outcome("a", features=kept)
    member = make_outcome("b", founds=False, features=make_features(2))
    store.commit(Batch((founder, member, make_outcome("c"))))
    found = store.features("site", "a#0")
    assert found is not None
    assert found.points.tobytes() == kept.points.tobytes()
    assert found.descriptors.tobytes() == kept.descriptors.tobytes()
    assert store.features("site", "b#0") is None
    assert store.features("site", "c#0") is None
    assert store.features("elsewhere", "a#0") is None


def test_content_hash_is_per_scope(store: Store) -> None:
    """The same id in two scopes is two images."""
    store.commit(Batch((make_outcome("a"), make_outcome("a", scope="elsewhere"))))
    assert store.content_hash("site", "a") == "hash of a"
    assert store.content_hash("elsewhere", "a") == "hash of a"
    assert store.content_hash("third", "a") is None


def test_last_position_wins(store: Store) -> None:
    """Reading resumes after the last origin of each source and partition, in batch order."""
    first = (Origin("t", 0, 4), Origin("t", 1, 9), Origin("t", 0, 5), Origin("u", 0, 1))
    store.commit(Batch(positions=first))
    assert [store.position(*at) for at in (("t", 0), ("t", 1), ("u", 0))] == [5, 9, 1]
    store.commit(Batch(positions=(Origin("t", 0, 3),)))
    assert [store.position(*at) for at in (("t", 0), ("t", 1), ("t", 2))] == [3, 9, None]


@pytest.mark.parametrize("earlier", [True, False])
def test_duplicate_leaves_nothing_of_its_batch(store: Store, *, earlier: bool) -> None:
    """A batch that cannot be committed whole changes nothing at all, and the store goes on."""
    if earlier:
        store.commit(Batch((make_outcome("a"),)))
    before = [o.cause.image_id for o in store.outcomes()]
    twice = Batch(
        (make_outcome("new", features=make_features()), make_outcome("a"), make_outcome("a")),
        (make_rejection("r"),),
        (Origin("t", 0, 7),),
    )
    with pytest.raises(DuplicateImage):
        store.commit(twice)
    assert [o.cause.image_id for o in store.outcomes()] == before
    assert list(store.rejections()) == []
    assert store.position("t", 0) is None
    assert store.features("site", "new#0") is None
    store.commit(Batch((make_outcome("new"),)))
    assert store.content_hash("site", "new") == "hash of new"


def test_marks_are_positions_that_are_no_messages(store: Store) -> None:
    """The journal's offset is remembered with the batch that it covers."""
    store.commit(Batch(positions=(Origin("images", 0, 4),), marks=(Origin("journal", 0, 9),)))
    assert store.position("journal", 0) == 9
    assert store.position("images", 0) == 4


def command(name: str, order: Order, items: tuple[Item, ...] = ()) -> Outcome:
    correction = Correction(name, "site", Origin("commands", 0, 1), order, "me", 5.0, (("a", 1),))
    events = tuple(
        Event("site", n, Forgotten("c-a", item.item_id, 0)) for n, item in enumerate(items, start=3)
    )
    return Outcome(correction, items, events)


def test_what_was_decided_is_found_by_its_cause(store: Store) -> None:
    """An image and a command of one id are two things."""
    image, order = make_outcome("a"), command("a", ConfirmCluster("c-a"))
    store.commit(Batch((image, order)))
    assert [o.cause for o in store.outcomes()] == [image.cause, order.cause]
    for found, made in (
        (store.image_outcome("site", "a"), image),
        (store.command_outcome("site", "a"), order),
    ):
        assert found is not None
        assert written(found) == written(made)
    assert store.image_outcome("elsewhere", "a") is None
    assert store.command_outcome("site", "b") is None


def test_a_command_is_committed_once(store: Store) -> None:
    """As an image is."""
    store.commit(Batch((command("x", ConfirmCluster("c-a")),)))
    with pytest.raises(DuplicateImage):
        store.commit(Batch((command("x", ConfirmCluster("other")),)))


def test_of_a_forgotten_image_its_ids_and_events_stay(store: Store) -> None:
    """Vector, box, features and all that was known of the photo are gone; it is still known."""
    kept, gone = make_outcome("b"), make_outcome("a", features=make_features())
    store.commit(Batch((gone, kept)))
    store.commit(Batch((command("x", ForgetImage("a"), gone.items),)))
    image, other, forgetting = store.outcomes()
    assert image.events == gone.events
    assert image.cause == ImageRecord("a", "site", Origin("topic", 0, 0), "hash of a", 0, 0)
    assert [item.item_id for item in image.items] == ["a#0"]
    assert not image.items[0].vector.any()
    assert len(image.items[0].vector) == len(gone.items[0].vector)
    assert not forgetting.items[0].vector.any()
    assert written(other) == written(kept)
    assert store.features("site", "a#0") is None
    assert store.locate("site", "a#0") is None
    assert store.content_hash("site", "a") == "hash of a"


def test_an_item_is_told_by_its_photo_alone(store: Store) -> None:
    """A journal names the items that a correction carved without their vectors."""
    photo = make_outcome("a")
    carved = Event("site", 3, Carved("c-a", 7, (("a#0", 0),)))
    named = tuple(redacted_item(item) for item in photo.items)
    store.commit(Batch((photo,)))
    store.commit(
        Batch((replace(command("x", ConfirmCluster("c-a"), ()), items=named, events=(carved,)),))
    )
    *_, correction = store.outcomes()
    assert correction.items[0].vector.tobytes() == photo.items[0].vector.tobytes()


def saved(store: Store) -> list[tuple[int, dict[str, list[float]]]]:
    """What was saved, once it is."""
    if isinstance(store, SqliteStore):
        store.snapshots.wait()
    return [
        (one.outcomes, {name: dump.arrays["x"].tolist() for name, dump in one.dumps.items()})
        for one in store.saved_indexes()
    ]


def dump_of(number: float) -> Dump:
    return Dump(1, 2, {"x": np.array([number], np.float32)})


def test_saved_indexes_come_back_newest_first(store: Store) -> None:
    """With the outcomes they belong to, and the last two alone."""
    assert saved(store) == []
    for name in "abc":
        store.commit(Batch((make_outcome(name),)))
        dumps = {name: dump_of(ord(name))}
        assert store.save_indexes(lambda dumps=dumps: dumps)
        assert saved(store)
    assert saved(store) == [(3, {"c": [99.0]}), (2, {"b": [98.0]})]


def test_of_nothing_no_index_is_saved(store: Store) -> None:
    """Before the first commit there is none."""
    assert not store.save_indexes(dict)
    assert saved(store) == []


def test_no_saved_index_outlives_what_it_should_forget(store: Store) -> None:
    """Nothing is left that was saved before a photo was forgotten."""
    photo = make_outcome("a")
    store.commit(Batch((photo,)))
    store.save_indexes(lambda: {"site": dump_of(1)})
    assert saved(store)
    store.commit(Batch((command("x", ForgetImage("a"), photo.items),)))
    assert saved(store) == []
