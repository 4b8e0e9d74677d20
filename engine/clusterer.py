"""One item at a time: nearest -> shortlist -> (verify)* -> decide -> apply."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

from engine.book import Book, ScopeBook
from engine.cluster import Cluster, Prototype, id_for
from engine.constraints import Constraints, may_merge
from engine.decide import Assign, Candidate, Decision, Facts, RuleFunction, Spawn, Verify
from engine.evidence import metres_between
from engine.maintain import merge_order, plan_fusion
from engine.ports import ExemplarMemory, MemberMemory, Verifier
from engine.profile import Profile
from engine.types import (
    Assigned,
    Change,
    Confirmed,
    Created,
    Event,
    GeoPoint,
    ImageRecord,
    Item,
    Merged,
    Outcome,
    Prepared,
    Trial,
    Vector,
    Verdict,
)

LINKED = 6
"""Nearest clusters that are compared with each other."""


class Clusterer:
    """The single writer of a book: turns prepared photos into outcomes and applies them."""

    def __init__(
        self,
        book: Book,
        rule: RuleFunction,
        profile: Profile,
        verifier: Verifier,
        exemplars: ExemplarMemory,
        members: MemberMemory,
    ) -> None:
        self._book = book
        self._rule = rule
        self._profile = profile
        self._verifier = verifier
        self._exemplars = exemplars
        self._members = members

    def process(self, prepared: Prepared) -> Outcome:
        """Put every item of a photo on its cluster."""
        events: list[Event] = []
        for item in prepared.items:
            events.extend(self._settle(item, prepared.image))
        return Outcome(prepared.image, prepared.items, tuple(events))

    def decide(self, item: Item, scope: str, location: GeoPoint | None) -> Decision:
        """The decision an item would get now; nothing changes."""
        book = self._book.scope(scope)
        shortlist = self._shortlist(item.vector, book, location)
        facts = Facts(shortlist, book.background.band, links=_links(shortlist, book))
        step = self._rule(facts, self._profile)
        while isinstance(step, Verify):
            verdict = self._verify(item, scope, step.candidate)
            trial = Trial(step.candidate.cluster_id, step.candidate.exemplar, verdict)
            facts = facts.after(trial)
            step = self._rule(facts, self._profile)
        return step

    def regroup(self, scope: str, cluster_id: str) -> Iterator[Change]:
        """What a second look at a cluster changes, one change at a time; nothing as yet."""
        return iter(())

    def _settle(self, item: Item, image: ImageRecord) -> Iterator[Event]:
        decision = self.decide(item, image.scope, image.location)
        scope = self._book.scope(image.scope)
        for change in self._changes(decision, item, scope, image.scope):
            event = Event(image.scope, scope.seq + 1, change)
            scope.apply(event, {item.item_id: item}, image.location)
            self._members.remember(event, {item.item_id: item})
            if isinstance(change, Assigned) and change.founds and item.features is not None:
                self._exemplars.remember(image.scope, item.item_id, item.features)
            yield event

    def _shortlist(
        self, vector: Vector, scope: ScopeBook, location: GeoPoint | None
    ) -> tuple[Candidate, ...]:
        """Candidates rescored one by one, so that neither index nor batch shape shows in them."""
        distances: dict[str, tuple[float, float | None]] = {}
        found = []
        for cluster, prototype in scope.nearest(vector, self._profile.neighbours):
            if cluster.cluster_id not in distances:
                distances[cluster.cluster_id] = (
                    cluster.average_similarity(vector),
                    _metres(cluster, location),
                )
            found.append(_candidate(prototype, cluster.cluster_id, vector, distances))
        return tuple(sorted(found, key=lambda c: (-c.similarity, c.prototype_id)))

    def _verify(self, item: Item, scope: str, candidate: Candidate) -> Verdict:
        exemplar = self._exemplars.features(scope, candidate.exemplar)
        if item.features is None or exemplar is None:
            return Verdict(inliers=0, overlap=0.0)
        return self._verifier.verify(item.features, exemplar)

    def _changes(
        self, decision: Decision, item: Item, scope: ScopeBook, name: str
    ) -> Iterator[Change]:
        """What a decision changes, one change at a time: each sees the ones before applied."""
        if isinstance(decision, Spawn):
            cluster_id = id_for(name, item.item_id)
            yield Created(cluster_id, item.item_id)
            yield _founding(cluster_id, item, scope.next_prototype, 1.0, decision)
            certain = False
        else:
            yield self._joining(decision, item, scope)
            cluster_id = decision.cluster_id
            for other in decision.merges:
                one, two = scope.clusters[cluster_id], scope.clusters[other]
                if not may_merge(one, two, scope.constraints):
                    continue
                survivor, retired = merge_order(one, two)
                yield _merger(survivor, retired, self._profile.max_prototypes, scope.constraints)
                cluster_id = survivor.cluster_id
            certain = decision.certain
        yield from self._confirmation(scope.clusters[cluster_id], certain=certain)

    def _joining(self, decision: Assign, item: Item, scope: ScopeBook) -> Assigned:
        cluster = scope.clusters[decision.cluster_id]
        if len(cluster.prototypes) < self._profile.max_prototypes:
            return _founding(
                cluster.cluster_id, item, scope.next_prototype, decision.confidence, decision
            )
        return Assigned(
            cluster.cluster_id,
            item.item_id,
            decision.prototype_id,
            founds=False,
            confidence=decision.confidence,
            evidence=decision.evidence,
        )

    def _confirmation(self, cluster: Cluster, *, certain: bool) -> Iterator[Confirmed]:
        needed = min(2, self._profile.min_size) if certain else self._profile.min_size
        if not cluster.confirmed and cluster.count >= needed:
            yield Confirmed(cluster.cluster_id)


def _links(shortlist: Sequence[Candidate], book: ScopeBook) -> dict[frozenset[str], float]:
    """Mean cosine between the members of any two of the nearest clusters."""
    nearest = list(dict.fromkeys(candidate.cluster_id for candidate in shortlist))[:LINKED]
    means = {name: book.clusters[name].mean() for name in nearest}
    return {
        frozenset(pair): float(means[pair[0]] @ means[pair[1]]) for pair in combinations(nearest, 2)
    }


def _candidate(
    prototype: Prototype,
    cluster_id: str,
    vector: Vector,
    distances: dict[str, tuple[float, float | None]],
) -> Candidate:
    average, metres = distances[cluster_id]
    return Candidate(
        cluster_id=cluster_id,
        prototype_id=prototype.prototype_id,
        exemplar=prototype.exemplar,
        similarity=float(prototype.direction() @ vector),
        average=average,
        metres=metres,
    )


def _metres(cluster: Cluster, location: GeoPoint | None) -> float | None:
    """Distance to the nearest exemplar that has GPS; unknown where either side has none."""
    if location is None:
        return None
    known = [p.location for p in cluster.prototypes.values() if p.location is not None]
    return min((metres_between(location, there) for there in known), default=None)


def _founding(
    cluster_id: str, item: Item, prototype_id: int, confidence: float, decision: Decision
) -> Assigned:
    return Assigned(
        cluster_id,
        item.item_id,
        prototype_id,
        founds=True,
        confidence=confidence,
        evidence=decision.evidence,
    )


def _merger(
    survivor: Cluster, retired: Cluster, max_prototypes: int, constraints: Constraints
) -> Merged:
    lobes = survivor.prototypes | retired.prototypes
    linked = constraints.linked(lobes)
    free = [lobe for lobe in lobes.values() if lobe.prototype_id not in linked]
    fused = plan_fusion(free, max(1, max_prototypes - len(linked)))
    return Merged(survivor.cluster_id, retired.cluster_id, fused)
