"""Images by reference that come again when nobody can fetch them any more."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache

import pytest

from cairn.compose import Means, means_of, preparing, shard_of
from cairn.sections import Settings
from consumer.known import sparing
from consumer.loop import FixedShards, Loop, NoLog, Pace, Prepare
from engine.errors import UnusableState
from engine.sight import Prepared
from engine.types import Origin, Photo
from tests.fakes import MemoryStore
from tests.fetching import KeptImages, claim_on, never
from tests.images import encoded, gradient
from tests.scripts import TOPIC, ScriptedSource

SETTINGS = Settings()
URI = "file:///a"
DATA = encoded(gradient())


@cache
def means() -> Means:
    return means_of(SETTINGS)


def claimed(offset: int, name: str = "a", data: bytes = DATA) -> Photo:
    return Photo(name, "site", Origin(TOPIC, 0, offset), claim_on(data, URI))


@pytest.fixture
def images() -> KeptImages:
    return KeptImages({URI: DATA})


@pytest.fixture
def prepare(images: KeptImages) -> Iterator[Prepare]:
    with preparing(SETTINGS, means(), images) as started:
        yield started


def run(log: Sequence[Photo], store: MemoryStore, prepare: Prepare) -> None:
    shards = FixedShards({0: shard_of(store, means(), never)})
    pace = Pace(batch_size=1, poll_s=0.0)
    source = ScriptedSource(log, store)
    Loop(source, sparing(prepare, shards), shards, NoLog(), pace=pace).run(lambda: False)


def test_a_claim_that_comes_again_needs_no_image(images: KeptImages, prepare: Prepare) -> None:
    """It is the same photo, whatever became of the file; only the position moves."""
    store = MemoryStore()
    run([claimed(0)], store, prepare)
    images.images.clear()
    run([claimed(0), claimed(1), Photo("a", "site", Origin(TOPIC, 0, 2), DATA)], store, prepare)
    assert len(list(store.outcomes())) == 1
    assert list(store.rejections()) == []
    assert store.position(TOPIC, 0) == 2


def test_a_claim_on_anything_else_needs_one(images: KeptImages, prepare: Prepare) -> None:
    """Another id, or other bytes under a known one, are fetched, or refused."""
    store = MemoryStore()
    run([claimed(0), claimed(1, "b")], store, prepare)
    images.images[URI] = other = encoded(gradient(80))
    run([claimed(0), claimed(1, "b"), claimed(2, "a", other), claimed(3, "c")], store, prepare)
    assert [(r.image_id, r.reason) for r in store.rejections()] == [
        ("a", "id_conflict"),
        ("c", "hash_mismatch"),
    ]


class DamagedStore(MemoryStore):
    def content_hash(self, scope: str, image_id: str) -> str | None:
        raise UnusableState("a bit has turned")


def test_a_damaged_copy_is_for_others_to_find(prepare: Prepare) -> None:
    """Here it only means that an image is fetched."""
    shards = {0: shard_of(DamagedStore(), means(), never)}
    (result,) = sparing(prepare, shards)([claimed(0)]).result(60)
    assert isinstance(result, Prepared)
    assert result.items
