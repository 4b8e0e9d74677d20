"""Claims on images that are known already: they are not fetched again.

A message that comes twice changes nothing; it must not need an image that has been deleted since.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import replace
from typing import Protocol

from consumer.loop import Prepare
from consumer.shard import Shard
from engine.errors import Transient, UnusableState
from engine.ports import Store
from engine.sight import Prepared
from engine.types import Claim, Photo, Rejection


class Owned(Protocol):
    """The shards in memory, by partition."""

    def __getitem__(self, partition: int, /) -> Shard: ...


def sparing(prepare: Prepare, shards: Owned) -> Prepare:
    """Prepare batches so; the stores are asked on the thread that starts a batch."""

    def noted(photo: Photo) -> Photo:
        if not isinstance(photo.data, Claim):
            return photo
        known = _knows(shards[photo.origin.partition].store, photo, photo.data)
        return replace(photo, data=replace(photo.data, known=known))

    def start(photos: Sequence[Photo]) -> Future[list[Prepared | Rejection]]:
        return prepare([noted(photo) for photo in photos])

    return start


def _knows(store: Store, photo: Photo, claim: Claim) -> bool:
    try:
        return store.content_hash(photo.scope, photo.image_id) == claim.sha256
    except (Transient, UnusableState):
        return False  # whoever decides will find out too, and knows what to do
