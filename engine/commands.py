"""What people can ask for: inert nouns, one for each command.

Clusters are named by id, retired ones included, items by item id.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class MergeClusters:
    """They are the same; the first keeps its id."""

    cluster_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SplitCluster:
    """These items of the cluster are something else: they become a new cluster."""

    cluster_id: str
    item_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MoveItems:
    """These items belong on that cluster; None founds a new one."""

    item_ids: tuple[str, ...]
    cluster_id: str | None


@dataclass(frozen=True, slots=True)
class ConfirmCluster:
    """This cluster is right: it is confirmed and stays together."""

    cluster_id: str


@dataclass(frozen=True, slots=True)
class NameCluster:
    """This is what the cluster shows; an empty name takes it back."""

    cluster_id: str
    name: str


@dataclass(frozen=True, slots=True)
class LinkItems:
    """These two items show the same, or do not, whatever else is learned."""

    item_ids: tuple[str, str]
    together: bool


@dataclass(frozen=True, slots=True)
class ForgetImage:
    """Nothing of this image shall be kept. It cannot be undone."""

    image_id: str


@dataclass(frozen=True, slots=True)
class RegroupCluster:
    """Look again at what in this cluster belongs together."""

    cluster_id: str


@dataclass(frozen=True, slots=True)
class UndoCommand:
    """Take that command back."""

    undone_id: str


Order: TypeAlias = (
    MergeClusters
    | SplitCluster
    | MoveItems
    | ConfirmCluster
    | NameCluster
    | LinkItems
    | ForgetImage
    | RegroupCluster
    | UndoCommand
)
