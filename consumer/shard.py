"""A shard: one writer's book, clusterer, exemplars and store, and what it makes of a batch.

Duplicates are told here, at the moment of decision and in message order, so that neither
redelivery nor batch boundaries can change anything.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from engine.book import Book
from engine.clusterer import Clusterer
from engine.members import Membership
from engine.ports import ExemplarMemory, Store
from engine.types import Batch, Origin, Outcome, Prepared, Rejection


class Exemplars(ExemplarMemory, Protocol):
    """Exemplar memory that is told what became of a batch."""

    def settle(self) -> None:
        """The batch is durable: its exemplars can be read back from the store."""
        ...


@dataclass(frozen=True, slots=True)
class Shard:
    """Everything one partition (or one folder) owns."""

    book: Book
    clusterer: Clusterer
    exemplars: Exemplars
    members: Membership
    store: Store

    def decide(self, results: Iterable[Prepared | Rejection]) -> Batch:
        """Turn prepared photos into a batch; the book moves, nothing is durable yet."""
        drafts = _Drafts(self.store)
        for result in results:
            if isinstance(result, Rejection):
                drafts.reject(result)
            elif drafts.is_new(result):
                drafts.outcomes.append(self.clusterer.process(result))
        return drafts.batch()

    def commit(self, batch: Batch) -> None:
        """Make a decided batch durable in the local store."""
        self.store.commit(batch)
        self.exemplars.settle()
        self.members.settle()


class _Drafts:
    """A batch while it grows."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._hashes: dict[tuple[str, str], str] = {}
        self._positions: list[Origin] = []
        self.outcomes: list[Outcome] = []
        self.rejections: list[Rejection] = []

    def reject(self, rejection: Rejection) -> None:
        self._positions.append(rejection.origin)
        self.rejections.append(rejection)

    def is_new(self, prepared: Prepared) -> bool:
        """Whether this image was never seen; another image under a known id is rejected."""
        image = prepared.image
        key = (image.scope, image.image_id)
        known = self._hashes.get(key) or self._store.content_hash(*key)
        if known is not None and known != image.content_hash:
            detail = f"another image with id {image.image_id!r} was clustered before; ids are final"
            self.reject(Rejection(image.image_id, image.scope, image.origin, "id_conflict", detail))
            return False
        self._positions.append(image.origin)
        self._hashes[key] = image.content_hash
        return known is None

    def batch(self) -> Batch:
        return Batch(tuple(self.outcomes), tuple(self.rejections), tuple(self._positions))
