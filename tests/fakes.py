"""Fakes of the ports, kept honest by the contract suites."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace

from engine.members import Membership
from engine.neighbours import Dump, SavedIndexes
from engine.types import Batch, Correction, ImageRecord, Item, LocalFeatures, Outcome, Rejection
from engine.verdict import Verdict
from state.records import redacted_image, redacted_item
from state.store import DuplicateImage, exemplar_features, forgotten_image
from tests.builders import agreeing


class MemoryStore:
    """The Store port in plain dictionaries: nothing is durable."""

    def __init__(self) -> None:
        self._outcomes: dict[tuple[str, str, str], Outcome] = {}
        self._items: dict[tuple[str, str], Item] = {}
        self._features: dict[tuple[str, str], LocalFeatures] = {}
        self._rejections: list[Rejection] = []
        self._positions: dict[tuple[str, int], int] = {}
        self._members = Membership()
        self._saved: list[SavedIndexes] = []

    def commit(self, batch: Batch) -> None:
        keys = [key_of(outcome) for outcome in batch.outcomes]
        if len(set(keys)) < len(keys) or not self._outcomes.keys().isdisjoint(keys):
            raise DuplicateImage(str(keys))
        for key, outcome in zip(keys, batch.outcomes, strict=True):
            self._outcomes[key] = outcome
            for item in outcome.items:
                self._items.setdefault((key[0], item.item_id), replace(item, features=None))
            for item_id, features in exemplar_features(outcome):
                self._features[key[0], item_id] = features
            for event in outcome.events:
                self._members.remember(event, {item.item_id: item for item in outcome.items})
            if (image_id := forgotten_image(outcome)) is not None:
                self._forget(outcome, image_id)
        self._rejections.extend(batch.rejections)
        origins = (*batch.positions, *batch.marks)
        self._positions.update({(o.source, o.partition): o.offset for o in origins})

    def _forget(self, outcome: Outcome, image_id: str) -> None:
        scope = outcome.scope
        self._saved.clear()
        for item in outcome.items:
            self._features.pop((scope, item.item_id), None)
            self._items[scope, item.item_id] = redacted_item(item)
        forgotten = self._outcomes[scope, "image", image_id]
        assert isinstance(forgotten.cause, ImageRecord)
        cause = redacted_image(forgotten.cause)
        self._outcomes[scope, "image", image_id] = replace(forgotten, cause=cause)

    def _read(self, outcome: Outcome) -> Outcome:
        """An item is told by its photo: a correction only names it."""
        items = tuple(self._items[outcome.scope, item.item_id] for item in outcome.items)
        return replace(outcome, items=items)

    def outcomes(self) -> Iterator[Outcome]:
        return map(self._read, self._outcomes.values())

    def image_outcome(self, scope: str, image_id: str) -> Outcome | None:
        outcome = self._outcomes.get((scope, "image", image_id))
        return outcome and self._read(outcome)

    def command_outcome(self, scope: str, command_id: str) -> Outcome | None:
        outcome = self._outcomes.get((scope, "command", command_id))
        return outcome and self._read(outcome)

    def rejections(self) -> Iterator[Rejection]:
        return iter(self._rejections)

    def features(self, scope: str, item_id: str) -> LocalFeatures | None:
        return self._features.get((scope, item_id))

    def members(self, scope: str, prototype_ids: Collection[int]) -> list[str]:
        return self._members.members(scope, prototype_ids)

    def locate(self, scope: str, item_id: str) -> tuple[Item, int] | None:
        return self._members.locate(scope, item_id)

    def fused_since(self, scope: str, prototype_ids: Collection[int], seq: int) -> bool:
        return self._members.fused_since(scope, prototype_ids, seq)

    def content_hash(self, scope: str, image_id: str) -> str | None:
        outcome = self._outcomes.get((scope, "image", image_id))
        if outcome is None:
            return None
        assert isinstance(outcome.cause, ImageRecord)
        return outcome.cause.content_hash

    def position(self, source: str, partition: int) -> int | None:
        return self._positions.get((source, partition))

    def save_indexes(self, make: Callable[[], Mapping[str, Dump]]) -> bool:
        if self._outcomes:
            self._saved.insert(0, SavedIndexes(len(self._outcomes), make()))
        return bool(self._outcomes)

    def saved_indexes(self) -> Iterator[SavedIndexes]:
        return iter(self._saved[:2])

    def close(self) -> None:
        pass


def key_of(outcome: Outcome) -> tuple[str, str, str]:
    """Scope, kind and id of what caused an outcome."""
    match outcome.cause:
        case ImageRecord(scope=scope, image_id=image_id):
            return scope, "image", image_id
        case Correction(scope=scope, command_id=command_id):
            return scope, "command", command_id


class SamePlaceVerifier:
    """Agrees exactly where both features carry the same place number."""

    def __init__(self, inliers: int = 8) -> None:
        self.inliers = inliers
        self.calls = 0

    def verify(self, query: LocalFeatures, exemplar: LocalFeatures) -> Verdict:
        self.calls += 1
        same = query.width == exemplar.width
        return agreeing(self.inliers if same else 0)


class KeptFeatures:
    """Exemplar features in a dictionary."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], LocalFeatures] = {}

    def features(self, scope: str, item_id: str) -> LocalFeatures | None:
        return self.kept.get((scope, item_id))

    def remember(self, scope: str, item_id: str, features: LocalFeatures) -> None:
        self.kept[scope, item_id] = features
