"""Which cluster every item lay on, and when: a replay's lineage, followed event by event."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from engine.lineage import (
    Assigned,
    Calibrated,
    Carved,
    Change,
    Confirmed,
    Created,
    Merged,
    Moved,
    Split,
)
from engine.types import Outcome


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of one item's cluster id, pending ones included.

    renamed: it has another id in the end than when it arrived.
    moved: nor does the first id redirect to the final one: the item was taken elsewhere.
    waited: later arrivals until it lay on its final cluster for good; 0 from the start.
    """

    renamed: bool
    moved: bool
    waited: int


def fates(outcomes: Iterable[Outcome]) -> list[Fate]:
    """The fate of every item, in order of arrival."""
    lineage = _Lineage()
    for outcome in outcomes:
        lineage.follow(outcome)
    return lineage.fates()


class _Lineage:
    """Clusters of all items after each outcome; `_settled` is when an item's last changed."""

    def __init__(self) -> None:
        self._arrivals = 0
        self._cluster: dict[str, str] = {}
        self._members: defaultdict[str, set[str]] = defaultdict(set)
        self._redirects: dict[str, str] = {}
        self._first: dict[str, tuple[int, str]] = {}
        self._settled: dict[str, int] = {}

    def follow(self, outcome: Outcome) -> None:
        """Compare before and after: to go and come back within one outcome is no change."""
        before: dict[str, str | None] = {}
        for event in outcome.events:
            for item_id, cluster_id in self._taken(event.change):
                before.setdefault(item_id, self._cluster.get(item_id))
                self._put(item_id, cluster_id)
        changed = (item_id for item_id, was in before.items() if self._cluster[item_id] != was)
        self._settled.update(dict.fromkeys(changed, self._arrivals))
        for item in outcome.items:
            here = (self._arrivals, self._cluster[item.item_id])
            self._first.setdefault(item.item_id, here)
        self._arrivals += 1

    def fates(self) -> list[Fate]:
        return [self._fate(item_id, *first) for item_id, first in self._first.items()]

    def _taken(self, change: Change) -> list[tuple[str, str]]:
        """The items that a change puts on a cluster, with its id."""
        match change:
            case Assigned():
                return [(change.item_id, change.cluster_id)]
            case Merged():
                self._redirects[change.retired_id] = change.cluster_id
                return [
                    (item_id, change.cluster_id) for item_id in self._members[change.retired_id]
                ]
            case Split() | Moved():
                return [(item_id, change.cluster_id) for item_id in change.item_ids]
            case Created() | Confirmed() | Carved() | Calibrated():
                return []

    def _put(self, item_id: str, cluster_id: str) -> None:
        if item_id in self._cluster:
            self._members[self._cluster[item_id]].discard(item_id)
        self._cluster[item_id] = cluster_id
        self._members[cluster_id].add(item_id)

    def _fate(self, item_id: str, arrived: int, first: str) -> Fate:
        final = self._cluster[item_id]
        return Fate(
            renamed=first != final,
            moved=self._redirected(first) != final,
            waited=self._settled[item_id] - arrived,
        )

    def _redirected(self, cluster_id: str) -> str:
        while cluster_id in self._redirects:
            cluster_id = self._redirects[cluster_id]
        return cluster_id
