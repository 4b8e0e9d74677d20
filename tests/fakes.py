"""Fakes of the ports, kept honest by the contract suites."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace

from engine.members import Membership
from engine.types import Batch, Item, LocalFeatures, Outcome, Rejection, Verdict
from state.store import DuplicateImage, exemplar_features


class MemoryStore:
    """The Store port in plain dictionaries: nothing is durable."""

    def __init__(self) -> None:
        self._outcomes: dict[tuple[str, str], Outcome] = {}
        self._features: dict[tuple[str, str], LocalFeatures] = {}
        self._rejections: list[Rejection] = []
        self._positions: dict[tuple[str, int], int] = {}
        self._members = Membership()

    def commit(self, batch: Batch) -> None:
        keys = [(o.image.scope, o.image.image_id) for o in batch.outcomes]
        if len(set(keys)) < len(keys) or not self._outcomes.keys().isdisjoint(keys):
            raise DuplicateImage(str(keys))
        for key, outcome in zip(keys, batch.outcomes, strict=True):
            items = tuple(replace(item, features=None) for item in outcome.items)
            self._outcomes[key] = replace(outcome, items=items)
            for item_id, features in exemplar_features(outcome):
                self._features[key[0], item_id] = features
            for event in outcome.events:
                self._members.remember(event, {item.item_id: item for item in outcome.items})
        self._rejections.extend(batch.rejections)
        origins = (*batch.positions, *batch.marks)
        self._positions.update({(o.source, o.partition): o.offset for o in origins})

    def outcomes(self) -> Iterator[Outcome]:
        return iter(self._outcomes.values())

    def rejections(self) -> Iterator[Rejection]:
        return iter(self._rejections)

    def features(self, scope: str, item_id: str) -> LocalFeatures | None:
        return self._features.get((scope, item_id))

    def members(self, scope: str, prototype_ids: Collection[int]) -> list[str]:
        return self._members.members(scope, prototype_ids)

    def locate(self, scope: str, item_id: str) -> tuple[Item, int] | None:
        return self._members.locate(scope, item_id)

    def content_hash(self, scope: str, image_id: str) -> str | None:
        outcome = self._outcomes.get((scope, image_id))
        return outcome.image.content_hash if outcome else None

    def position(self, source: str, partition: int) -> int | None:
        return self._positions.get((source, partition))

    def close(self) -> None:
        pass


class SamePlaceVerifier:
    """Agrees exactly where both features carry the same place number."""

    def __init__(self, inliers: int = 20) -> None:
        self.inliers = inliers
        self.calls = 0

    def verify(self, query: LocalFeatures, exemplar: LocalFeatures) -> Verdict:
        self.calls += 1
        same = query.width == exemplar.width
        return Verdict(self.inliers if same else 0, 1.0 if same else 0.0)


class KeptFeatures:
    """Exemplar features in a dictionary."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], LocalFeatures] = {}

    def features(self, scope: str, item_id: str) -> LocalFeatures | None:
        return self.kept.get((scope, item_id))

    def remember(self, scope: str, item_id: str, features: LocalFeatures) -> None:
        self.kept[scope, item_id] = features
