"""Exemplar features close at hand: what was just prepared, what was used lately, then the store."""

from __future__ import annotations

from collections import OrderedDict
from typing import TypeAlias

from engine.ports import ExemplarFeatures
from engine.types import LocalFeatures

Key: TypeAlias = tuple[object, str, str]
"""Whose features, scope and item id."""


class FeatureMemory:
    """The features that were used last by all shards of a worker, so many and no more.

    entries: about 220 kB each with 1500 SIFT points.
    """

    def __init__(self, entries: int) -> None:
        self._entries = entries
        self._recent: OrderedDict[Key, LocalFeatures] = OrderedDict()

    def find(self, key: Key) -> LocalFeatures | None:
        """What is kept under a key, which then counts as used."""
        if key in self._recent:
            self._recent.move_to_end(key)
        return self._recent.get(key)

    def keep(self, key: Key, features: LocalFeatures) -> None:
        """Keep features, and let those go that were not used for longest."""
        self._recent[key] = features
        self._recent.move_to_end(key)
        while len(self._recent) > self._entries:
            self._recent.popitem(last=False)


class ExemplarCache:
    """ExemplarFeatures over a store, with the running batch laid over it.

    store: where committed features are.
    memory: holds some of them, and those of other shards.

    Only what the store will keep belongs here: an item that founded a prototype. Everything
    else would be found now and missing after a restart.
    """

    def __init__(self, store: ExemplarFeatures, memory: FeatureMemory) -> None:
        self._store = store
        self._memory = memory
        self._life = object()  # what an earlier life of this shard left in memory is not its own
        self._pending: dict[tuple[str, str], LocalFeatures] = {}

    def features(self, scope: str, item_id: str) -> LocalFeatures | None:
        """Features of an exemplar, committed or of the running batch; None where none are kept."""
        pending = self._pending.get((scope, item_id))
        known = pending or self._memory.find((self._life, scope, item_id))
        if known is not None:
            return known
        found = self._store.features(scope, item_id)
        if found is not None:
            self._memory.keep((self._life, scope, item_id), found)
        return found

    def remember(self, scope: str, item_id: str, features: LocalFeatures) -> None:
        """Offer the features of a new exemplar before its batch is committed."""
        self._pending[scope, item_id] = features

    def settle(self) -> None:
        """Say that the running batch was committed."""
        for (scope, item_id), features in self._pending.items():
            self._memory.keep((self._life, scope, item_id), features)
        self._pending.clear()
