"""The rows of the read model that a run of outcomes works on, and which they are."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from engine.lineage import (
    Assigned,
    Carved,
    Change,
    Constrained,
    Forgotten,
    Inheritance,
    Merged,
    Moved,
    Released,
    Revived,
    Split,
    Standing,
    clusters_of,
)
from engine.types import ImageRecord, Item, Outcome
from exporters.view.tally import Member, Tally

Fresh: TypeAlias = tuple[ImageRecord, Item, Assigned]
"""All that is told of an item when it comes."""


@dataclass(slots=True, eq=False)
class Pile:
    """A row of a cluster. n: its number, None for a new one. heir: where a retired one went.

    changed: place of the last event about it among those of this run, None for none.
    """

    standing: Standing
    n: int | None = None
    living: bool = True
    heir: str | None = None
    revision: int = 0
    tally: Tally = field(default_factory=Tally)
    changed: int | None = None


@dataclass(slots=True, eq=False)
class Lying:
    """A row of an item: where it lies. member: None where nothing weighs it. n as in Pile."""

    lobe: int
    exemplar: bool
    member: Member | None = None
    n: int | None = None
    changed: bool = False


@dataclass(slots=True)
class Wanted:
    """What a run of outcomes of one scope names.

    retiring: clusters that are merged away. fused: lobes, the kept one first.
    weighed: lobes whose members change cluster, or are absorbed by such a one.
    links: whether constraints come or go.
    """

    clusters: set[str] = field(default_factory=set)
    retiring: set[str] = field(default_factory=set)
    fused: list[tuple[int, int]] = field(default_factory=list)
    weighed: set[int] = field(default_factory=set)
    items: set[str] = field(default_factory=set)
    links: bool = False

    @property
    def lobes(self) -> set[int]:
        """Those that are moved, or absorbed."""
        return self.weighed.union(absorbed for _, absorbed in self.fused)

    def add(self, outcome: Outcome) -> None:
        """Note what an outcome names."""
        for event in outcome.events:
            self.clusters.update(clusters_of(event.change))
            self._add(event.change)
        for kept, absorbed in reversed(self.fused):
            if kept in self.weighed:
                self.weighed.add(absorbed)

    def _add(self, change: Change) -> None:
        match change:
            case Merged(retired_id=retired, fused=fused):
                self.retiring.add(retired)
                self.fused.extend(fused)
            case Moved(prototypes=prototypes, fused=fused):
                self.weighed.update(prototypes)
                self.fused.extend(fused)
            case Split(prototypes=prototypes):
                self.weighed.update(prototypes)
            case Revived(inheritance=Inheritance(prototypes=prototypes)):
                self.weighed.update(prototypes)
            case Carved(taken=taken):
                self.items.update(item_id for item_id, _ in taken)
            case Forgotten(item_id=item_id):
                self.items.add(item_id)
            case Constrained() | Released():
                self.links = True
