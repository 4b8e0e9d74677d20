"""Lineage: everything that happens to clusters, in the past tense.

What the engine does with items and lobes, what people change and what it takes to change it back,
and what a scope learns: inert nouns, and the one way in which state moves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from engine.verdict import Evidence

Fusions: TypeAlias = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True, order=True)
class Constraint:
    """Two lobes that must lie on one cluster (`together`), or must not; `one` is the lower id.

    cause: id of the command that made it, empty where it was the engine, as for the faces of
    one photo. explicit: a person linked these two; else it follows from a merge, split or move,
    and a later one of those overrides it.
    """

    one: int
    other: int
    together: bool
    cause: str = ""
    explicit: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    """What a cluster is apart from its members. `founded`: sequence number of its birth."""

    founded: int
    confirmed: bool
    pinned: bool
    name: str


@dataclass(frozen=True, slots=True)
class Inheritance:
    """What a retired cluster left to the one that it became part of.

    prototypes: its lobes. standing, heir: its own standing, and that of the other before.
    """

    prototypes: tuple[int, ...]
    standing: Standing
    heir: Standing


@dataclass(frozen=True, slots=True)
class Revived:
    """A retired cluster lives again: its lobes, with all that joined them, leave `parent_id`.

    Both have the standing again that the inheritance tells.
    """

    cluster_id: str
    parent_id: str
    inheritance: Inheritance
    item_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Named:
    """A cluster got a name, or lost it where it is empty; `former` is the one before."""

    cluster_id: str
    name: str
    former: str


@dataclass(frozen=True, slots=True)
class Vouched:
    """A person vouched for a cluster, or took that back.

    pinned: its lobes stay together, and it is never merged into another on evidence alone.
    """

    cluster_id: str
    confirmed: bool
    pinned: bool
    was_confirmed: bool
    was_pinned: bool


@dataclass(frozen=True, slots=True)
class Constrained:
    """Constraints that hold from now on; `cluster_id` has the first one's first lobe."""

    cluster_id: str
    constraints: tuple[Constraint, ...]


@dataclass(frozen=True, slots=True)
class Released:
    """Constraints that hold no more; `cluster_id` has the first one's first lobe."""

    cluster_id: str
    constraints: tuple[Constraint, ...]


@dataclass(frozen=True, slots=True)
class Forgotten:
    """An item is gone from its lobe, and with it a lobe and a cluster that it leaves empty."""

    cluster_id: str
    item_id: str
    prototype_id: int


@dataclass(frozen=True, slots=True)
class Calibrated:
    """The scope learned anew what its similarities mean; memberships stay as they are.

    threshold: similarity from which on two piles are one. silhouette, trust: how clearly the
    sample of lobes falls into piles, and how much that counted. items: seen by then. drifted:
    the stream had changed.
    """

    threshold: float
    silhouette: float
    trust: float
    items: int
    drifted: bool
    sample: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Created:
    """A pending cluster was born from its founding item."""

    cluster_id: str
    item_id: str


@dataclass(frozen=True, slots=True)
class Assigned:
    """An item joined a cluster through a prototype, which it became itself where it `founds`.

    confidence: probability, 0 to 1, that the item belongs here; 1 for a founder.
    """

    cluster_id: str
    item_id: str
    prototype_id: int
    founds: bool
    confidence: float
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Confirmed:
    """A cluster reached its profile's minimum size, or two members that are certain."""

    cluster_id: str


@dataclass(frozen=True, slots=True)
class Merged:
    """`retired_id`, which redirects for ever, became part of `cluster_id`; `fused` as in Moved.

    inheritance: where a person merged, to undo it by.
    """

    cluster_id: str
    retired_id: str
    fused: Fusions = ()
    inheritance: Inheritance | None = None


@dataclass(frozen=True, slots=True)
class Split:
    """`cluster_id` was born from some lobes of `parent_id`, which keeps at least one."""

    cluster_id: str
    parent_id: str
    prototypes: tuple[int, ...]
    item_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Moved:
    """Some lobes of `source_id`, which keeps at least one, went over to `cluster_id`.

    fused: as pairs of prototype ids, in order, which lobes took in which, to stay within bounds.
    """

    cluster_id: str
    source_id: str
    prototypes: tuple[int, ...]
    item_ids: tuple[str, ...]
    fused: Fusions = ()


@dataclass(frozen=True, slots=True)
class Carved:
    """Items left their lobes and founded one together; `taken` are pairs (item id, lobe it left).

    The first item that was its lobe's exemplar becomes the new one's, else the first of all; a
    lobe that lost its exemplar has none, and one that lost every member is gone.
    """

    cluster_id: str
    prototype_id: int
    taken: tuple[tuple[str, int], ...]


PersonalChange: TypeAlias = Revived | Named | Vouched | Constrained | Released | Forgotten
LobeChange: TypeAlias = Merged | Split | Moved | Carved
ClusterChange: TypeAlias = Created | Assigned | Confirmed | LobeChange | PersonalChange
Change: TypeAlias = ClusterChange | Calibrated


def clusters_of(change: Change) -> tuple[str, ...]:
    """Ids of the clusters that a change is about, none where it is about the whole scope."""
    match change:
        case Merged(cluster_id=cluster_id, retired_id=other):
            return cluster_id, other
        case Split(cluster_id=cluster_id, parent_id=other):
            return cluster_id, other
        case Revived(cluster_id=cluster_id, parent_id=other):
            return cluster_id, other
        case Moved(cluster_id=cluster_id, source_id=other):
            return cluster_id, other
        case Calibrated():
            return ()
    return (change.cluster_id,)


@dataclass(frozen=True, slots=True)
class Event:
    """One entry of a scope's lineage. `seq` counts from 1 within the scope, without gaps."""

    scope: str
    seq: int
    change: Change
