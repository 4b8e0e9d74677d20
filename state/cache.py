"""Exemplar features close at hand: what was just prepared, what was used lately, then the store."""

from __future__ import annotations

from collections import OrderedDict

from engine.ports import ExemplarFeatures
from engine.types import LocalFeatures


class ExemplarCache:
    """ExemplarFeatures over a store, with the running batch laid over it.

    store: where committed features are.
    entries: bound of the features held in memory beyond the running batch; about 220 kB each
    with 1500 SIFT points.

    Only what the store will keep belongs here: an item that founded a prototype. Everything
    else would be found now and missing after a restart.
    """

    def __init__(self, store: ExemplarFeatures, entries: int) -> None:
        self._store = store
        self._entries = entries
        self._recent: OrderedDict[tuple[str, str], LocalFeatures] = OrderedDict()
        self._pending: dict[tuple[str, str], LocalFeatures] = {}

    def features(self, scope: str, item_id: str) -> LocalFeatures | None:
        """Features of an exemplar, committed or of the running batch; None where none are kept."""
        key = (scope, item_id)
        if key in self._pending:
            return self._pending[key]
        if key in self._recent:
            self._recent.move_to_end(key)
            return self._recent[key]
        found = self._store.features(scope, item_id)
        if found is not None:
            self._keep(key, found)
        return found

    def remember(self, scope: str, item_id: str, features: LocalFeatures) -> None:
        """Offer the features of a new exemplar before its batch is committed."""
        self._pending[scope, item_id] = features

    def settle(self) -> None:
        """Say that the running batch was committed."""
        for key, features in self._pending.items():
            self._keep(key, features)
        self._pending.clear()

    def _keep(self, key: tuple[str, str], features: LocalFeatures) -> None:
        self._recent[key] = features
        self._recent.move_to_end(key)
        while len(self._recent) > self._entries:
            self._recent.popitem(last=False)
