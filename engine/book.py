"""The book of a shard: every scope's clusters and their index, kept in step.

State moves only here and only by `apply`, live and replayed alike; there is one writer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias, assert_never

from engine.calibration import Calibration
from engine.cluster import UNKNOWN, Cluster, Prototype, Taken, carve, joined, taken_of
from engine.constraints import Constraints
from engine.lineage import (
    Assigned,
    Calibrated,
    Carved,
    Change,
    Confirmed,
    Constrained,
    Constraint,
    Created,
    Event,
    Forgotten,
    Fusions,
    LobeChange,
    Merged,
    Moved,
    Named,
    PersonalChange,
    Released,
    Revived,
    Split,
    Standing,
    Vouched,
    clusters_of,
)
from engine.neighbours import Index
from engine.rapport import Rapport
from engine.types import ImageRecord, Item, Outcome, Vector

IndexFactory: TypeAlias = Callable[[], Index]


@dataclass(slots=True)
class ScopeBook:
    """One scope: clusters by id, the prototype index, redirects of retired ids, counters.

    calibration: what is known of the scope's material. rapport: what similarities have meant
    to geometry.
    constraints: what must lie together and what must not.
    confirmed: how many of the living clusters are; the others are pending.
    corrections: how often people, or rules about one image, changed what evidence may do.
    """

    index: Index
    clusters: dict[str, Cluster] = field(default_factory=dict)
    owners: dict[int, str] = field(default_factory=dict)
    redirects: dict[str, str] = field(default_factory=dict)
    calibration: Calibration = field(default_factory=Calibration)
    rapport: Rapport = field(default_factory=Rapport)
    constraints: Constraints = field(default_factory=Constraints)
    confirmed: int = 0
    corrections: int = 0
    seq: int = 0
    next_prototype: int = 0

    def nearest(self, vector: Vector, k: int) -> Iterator[tuple[Cluster, Prototype]]:
        """The k prototypes nearest to a unit vector, best first, each with its cluster."""
        for label, _ in self.index.search(vector, k):
            cluster = self.clusters[self.owners[label]]
            yield cluster, cluster.prototypes[label]

    def apply(self, event: Event, items: Mapping[str, Item], taken: Taken) -> None:
        """Move the state by one event; `items` are those of its outcome."""
        if event.seq != self.seq + 1:
            raise ValueError(f"event {event.seq} of scope {event.scope!r} follows {self.seq}")
        self.seq = event.seq
        self._change(event.change, items, taken)
        if not isinstance(event.change, Assigned | Confirmed):
            self._revise(event.change)

    def _revise(self, change: Change) -> None:
        """Let those who looked at a cluster before see that it is another now, not just larger."""
        for cluster_id in clusters_of(change):
            if cluster := self.clusters.get(cluster_id):
                cluster.revision = self.seq

    def _change(self, change: Change, items: Mapping[str, Item], taken: Taken) -> None:
        match change:
            case Created():
                self._bear(change.cluster_id)
            case Assigned():
                self._assign(change, items[change.item_id].vector, taken)
            case Confirmed():
                cluster = self.clusters[change.cluster_id]
                self._stand(cluster, replace(cluster.standing, confirmed=True))
            case Calibrated():
                self._calibrate(change)
            case Merged() | Split() | Moved() | Carved():
                self._rearrange(change, items)
            case _:
                self._correct(change, items)

    def _rearrange(self, change: LobeChange, items: Mapping[str, Item]) -> None:
        match change:
            case Merged():
                self._merge(change)
            case Split():
                self._bear(change.cluster_id)
                self._take_over(change.parent_id, change.cluster_id, change.prototypes)
            case Moved():
                self._take_over(change.source_id, change.cluster_id, change.prototypes)
                self._fuse(self.clusters[change.cluster_id], change.fused)
            case Carved():
                self._carve(change, items)
            case _:
                assert_never(change)

    def _calibrate(self, change: Calibrated) -> None:
        lobes = [self.clusters[self.owners[one]].prototypes[one] for one in change.sample]
        self.calibration.apply(change, lobes, self.next_prototype)

    def _correct(self, change: PersonalChange, items: Mapping[str, Item]) -> None:
        self.corrections += 1
        match change:
            case Revived():
                self._revive(change)
            case Named():
                self.clusters[change.cluster_id].name = change.name
            case Vouched(confirmed=confirmed, pinned=pinned):
                cluster = self.clusters[change.cluster_id]
                self._stand(cluster, replace(cluster.standing, confirmed=confirmed, pinned=pinned))
            case Constrained(constraints=constraints):
                self._constrain(constraints)
            case Released(constraints=constraints):
                for constraint in constraints:
                    self.constraints.discard(constraint)
            case Forgotten():
                self._forget(change, items[change.item_id].vector)
            case _:
                assert_never(change)

    def _bear(self, cluster_id: str) -> None:
        if cluster_id in self.clusters or cluster_id in self.redirects:
            raise ValueError(f"cluster {cluster_id} of event {self.seq} existed before")
        self.clusters[cluster_id] = Cluster(cluster_id, self.seq)

    def _stand(self, cluster: Cluster, standing: Standing) -> None:
        self.confirmed += standing.confirmed - cluster.confirmed
        cluster.founded, cluster.confirmed = standing.founded, standing.confirmed
        cluster.pinned, cluster.name = standing.pinned, standing.name

    def _assign(self, change: Assigned, vector: Vector, taken: Taken) -> None:
        self.calibration.add(vector)
        self.rapport = self.rapport.after(change.evidence.trials)
        if change.founds:
            self._found(change, vector, taken)
        else:
            self._join(change, vector)

    def _found(self, change: Assigned, vector: Vector, taken: Taken) -> None:
        prototype = Prototype(change.prototype_id, change.item_id, vector.copy(), taken=taken)
        self._place(prototype, change.cluster_id)

    def _place(self, prototype: Prototype, cluster_id: str) -> None:
        """Add a new lobe to a cluster."""
        self.clusters[cluster_id].prototypes[prototype.prototype_id] = prototype
        self.owners[prototype.prototype_id] = cluster_id
        self.index.put(prototype.prototype_id, prototype.direction())
        self.next_prototype = max(self.next_prototype, prototype.prototype_id + 1)

    def _join(self, change: Assigned, vector: Vector) -> None:
        prototype = self.clusters[change.cluster_id].prototypes[change.prototype_id]
        prototype.add(vector)
        self._reindex(prototype)

    def _merge(self, change: Merged) -> None:
        survivor, retired = self.clusters[change.cluster_id], self.clusters.pop(change.retired_id)
        survivor.prototypes.update(retired.prototypes)
        self.confirmed -= retired.confirmed
        self._stand(survivor, joined(survivor.standing, retired.standing))
        for prototype_id in retired.prototypes:
            self.owners[prototype_id] = change.cluster_id
        self._fuse(survivor, change.fused)
        self.redirects[change.retired_id] = change.cluster_id

    def _revive(self, change: Revived) -> None:
        del self.redirects[change.cluster_id]
        self._bear(change.cluster_id)
        self._take_over(change.parent_id, change.cluster_id, change.inheritance.prototypes)
        self._stand(self.clusters[change.cluster_id], change.inheritance.standing)
        self._stand(self.clusters[change.parent_id], change.inheritance.heir)

    def _fuse(self, cluster: Cluster, fused: Fusions) -> None:
        for kept, absorbed in fused:
            gone = cluster.prototypes[absorbed]
            self.constraints.replace(absorbed, kept)
            self._drop(cluster, gone)
            cluster.prototypes[kept].absorb(gone)
            self._reindex(cluster.prototypes[kept])

    def _constrain(self, constraints: Iterable[Constraint]) -> None:
        for constraint in constraints:
            if self.owners[constraint.one] == self.owners[constraint.other]:
                agrees = constraint.together
            else:
                agrees = not constraint.together
            if not agrees:
                raise ValueError(f"event {self.seq} asks for {constraint}, which does not hold")
            self.constraints.add(constraint)

    def _forget(self, change: Forgotten, vector: Vector) -> None:
        self.calibration.forget()
        cluster = self.clusters[change.cluster_id]
        prototype = cluster.prototypes[change.prototype_id]
        if prototype.exemplar == change.item_id:
            self.constraints.drop(change.prototype_id, explicit=True)
        prototype.subtract(change.item_id, vector)
        self._shrunk(cluster, prototype)
        if not cluster.prototypes:
            self.confirmed -= cluster.confirmed
            del self.clusters[change.cluster_id]

    def _take_over(self, source_id: str, target_id: str, prototypes: Iterable[int]) -> None:
        source, target = self.clusters[source_id], self.clusters[target_id]
        for prototype_id in prototypes:
            target.prototypes[prototype_id] = source.prototypes.pop(prototype_id)
            self.owners[prototype_id] = target_id
        if not source.prototypes:
            raise ValueError(f"event {self.seq} leaves nothing of cluster {source_id}")

    def _carve(self, change: Carved, items: Mapping[str, Item]) -> None:
        cluster = self.clusters[change.cluster_id]
        lobes = cluster.prototypes
        led = {lobe for item_id, lobe in change.taken if lobes[lobe].exemplar == item_id}
        carved = carve(cluster, change.prototype_id, change.taken, items)
        for lobe in dict.fromkeys(lobe for _, lobe in change.taken):
            if not lobes[lobe].count:
                self.constraints.replace(lobe, change.prototype_id)
            elif lobe in led:
                self.constraints.hand_on(lobe, change.prototype_id)
            self._shrunk(cluster, lobes[lobe])
        self._place(carved, change.cluster_id)

    def _shrunk(self, cluster: Cluster, prototype: Prototype) -> None:
        """Tell the index at once what a lobe without its lost members is, where any are left."""
        if prototype.count:
            self.index.put(prototype.prototype_id, prototype.direction())
            prototype.indexed_at = prototype.count
        else:
            self._drop(cluster, prototype)

    def _drop(self, cluster: Cluster, prototype: Prototype) -> None:
        self.constraints.drop(prototype.prototype_id)
        del cluster.prototypes[prototype.prototype_id]
        del self.owners[prototype.prototype_id]
        self.index.remove(prototype.prototype_id)

    def _reindex(self, prototype: Prototype) -> None:
        """Tell the index when the lobe has doubled: logarithmically often, like a vector's growth.

        In between the index serves a slightly stale direction, which only proposes candidates.
        """
        if prototype.count >= 2 * prototype.indexed_at:
            self.index.put(prototype.prototype_id, prototype.direction())
            prototype.indexed_at = prototype.count


class Book:
    """The scopes of one shard."""

    def __init__(self, new_index: IndexFactory) -> None:
        self._new_index = new_index
        self._scopes: dict[str, ScopeBook] = {}

    def scope(self, name: str) -> ScopeBook:
        """The book of a scope, empty where the scope is new."""
        if name not in self._scopes:
            self._scopes[name] = ScopeBook(self._new_index())
        return self._scopes[name]

    def scopes(self) -> Mapping[str, ScopeBook]:
        """Every scope seen so far."""
        return self._scopes

    def apply(self, outcome: Outcome) -> None:
        """Replay all that one photo or correction changed."""
        items = {item.item_id: item for item in outcome.items}
        scope, cause = self.scope(outcome.scope), outcome.cause
        taken = taken_of(cause) if isinstance(cause, ImageRecord) else UNKNOWN
        for event in outcome.events:
            scope.apply(event, items, taken)
