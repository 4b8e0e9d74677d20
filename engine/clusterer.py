"""One item at a time: nearest -> shortlist -> (verify)* -> decide -> apply."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from engine.book import Book, ScopeBook
from engine.calibration import Calibration
from engine.cluster import Cluster, Prototype, Taken, id_for, taken_of
from engine.constraints import may_merge
from engine.decide import Assign, Candidate, Decision, Facts, RuleFunction, Spawn, Verify
from engine.evidence import metres_between
from engine.lineage import Assigned, Change, Constrained, Constraint, Created, Event
from engine.maintain import Maintenance, confirmation, merge_order
from engine.ports import ExemplarMemory, MemberMemory, Verifier
from engine.profile import Profile
from engine.sight import Prepared
from engine.types import ImageRecord, Item, Outcome, Vector
from engine.verdict import Trial, Verdict

NOTHING = Verdict(inliers=0, matches=0, support=0.0, overlap=0.0, belief=0.0)
"""What geometry says where there is nothing to compare."""


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
        self._maintenance = Maintenance(profile, members)

    def process(self, prepared: Prepared) -> Outcome:
        """Put every item of a photo on its cluster."""
        events: list[Event] = []
        for number, item in enumerate(prepared.items):
            others = self._kept_from(prepared.items[:number], prepared.image.scope)
            events.extend(self._settle(item, prepared.image, others))
        return Outcome(prepared.image, prepared.items, tuple(events))

    def _kept_from(self, earlier: Sequence[Item], scope: str) -> list[int]:
        """Lobes that a further item of the same image may not share a cluster with."""
        if not self._profile.apart_within_image:
            return []
        found = (self._members.locate(scope, item.item_id) for item in earlier)
        return [place[1] for place in found if place is not None]

    def decide(self, item: Item, scope: str, taken: Taken, others: Sequence[int] = ()) -> Decision:
        """The decision an item would get now; nothing changes.

        taken: where and when its photo was. others: lobes of other items of its image, whose
        clusters it may not join.
        """
        book = self._book.scope(scope)
        shortlist = self._shortlist(item.vector, book, taken)
        barred = {book.owners[lobe] for lobe in others}
        shortlist = tuple(found for found in shortlist if found.cluster_id not in barred)
        facts = Facts(shortlist, book.calibration.threshold, book.rapport)
        step = self._rule(facts, self._profile)
        while isinstance(step, Verify):
            verdict = self._verify(item, scope, step.candidate)
            facts = facts.after(_trial(step.candidate, verdict))
            step = self._rule(facts, self._profile)
        return step

    def regroup(self, scope: str, cluster_id: str) -> Iterator[Change]:
        """What a second look at a cluster changes, each change asked for once the last holds.

        A cluster of places was put together by geometry, which embeddings alone cannot judge.
        """
        if self._profile.rule != "similarity":
            return iter(())
        return self._maintenance.regroup(cluster_id, self._book.scope(scope), scope)

    def relearn(self, scope: str, earlier: Calibration) -> Iterator[Change]:
        """What a scope knows of its material without what was forgotten; `earlier`: before."""
        return self._maintenance.relearn(self._book.scope(scope), earlier)

    def _settle(self, item: Item, image: ImageRecord, others: Sequence[int]) -> Iterator[Event]:
        decision = self.decide(item, image.scope, taken_of(image), others)
        scope = self._book.scope(image.scope)
        for change in self._changes(decision, item, scope, image.scope, others):
            event = Event(image.scope, scope.seq + 1, change)
            scope.apply(event, {item.item_id: item}, taken_of(image))
            self._members.remember(event, {item.item_id: item})
            if isinstance(change, Assigned) and change.founds and item.features is not None:
                self._exemplars.remember(image.scope, item.item_id, item.features)
            yield event

    def _shortlist(self, vector: Vector, scope: ScopeBook, taken: Taken) -> tuple[Candidate, ...]:
        """Candidates rescored one by one, so that neither index nor batch shape shows in them."""
        towards = scope.calibration.direction(vector)
        averages = self._profile.rule == "similarity"  # geometry has no use for them
        known: dict[str, Candidate] = {}
        found = []
        for cluster, prototype in scope.nearest(vector, self._profile.neighbours):
            if cluster.cluster_id not in known:
                average = scope.calibration.average(cluster, towards) if averages else 0.0
                known[cluster.cluster_id] = _of_cluster(cluster, average, taken)
            found.append(_candidate(prototype, vector, known[cluster.cluster_id]))
        return tuple(sorted(found, key=lambda c: (-c.similarity, c.prototype_id)))

    def _verify(self, item: Item, scope: str, candidate: Candidate) -> Verdict:
        exemplar = self._exemplars.features(scope, candidate.exemplar)
        if item.features is None or exemplar is None:
            return NOTHING
        return self._verifier.verify(item.features, exemplar)

    def _changes(
        self, decision: Decision, item: Item, scope: ScopeBook, name: str, others: Sequence[int]
    ) -> Iterator[Change]:
        """What a decision changes, one change at a time: each sees the ones before applied."""
        if isinstance(decision, Spawn):
            cluster_id = id_for(name, item.item_id)
            joining = _founding(cluster_id, item, scope.next_prototype, 1.0, decision)
            yield Created(cluster_id, item.item_id)
            yield joining
            yield from _apart(joining, others, scope)
            certain = False
        else:
            joining = self._joining(decision, item, scope)
            yield joining
            yield from _apart(joining, others, scope)
            cluster_id = decision.cluster_id
            for other in decision.merges:
                one, two = scope.clusters[cluster_id], scope.clusters[other]
                if not may_merge(one, two, scope.constraints):
                    continue
                survivor, retired = merge_order(one, two)
                yield self._maintenance.merger(survivor.cluster_id, retired.cluster_id, scope)
                cluster_id = survivor.cluster_id
            certain = decision.certain
        needed = min(2, self._profile.min_size) if certain else self._profile.min_size
        yield from confirmation(scope.clusters[cluster_id], needed)
        if self._profile.rule == "similarity":
            yield from self._maintenance.after(cluster_id, scope, name)

    def _joining(self, decision: Assign, item: Item, scope: ScopeBook) -> Assigned:
        cluster = scope.clusters[decision.cluster_id]
        confidence = decision.confidence * item.quality
        if len(cluster.prototypes) < self._maintenance.bound(scope):
            return _founding(cluster.cluster_id, item, scope.next_prototype, confidence, decision)
        return Assigned(
            cluster.cluster_id,
            item.item_id,
            decision.prototype_id,
            founds=False,
            confidence=confidence,
            evidence=decision.evidence,
        )


def _apart(joined: Assigned, others: Sequence[int], scope: ScopeBook) -> Iterator[Constrained]:
    """Items of one image are of different things, and so is whatever else lies on their lobes."""
    pairs = [sorted((joined.prototype_id, other)) for other in others]
    new = tuple(
        Constraint(one, other, together=False)
        for one, other in pairs
        if not scope.constraints.between([one], [other], together=False)
    )
    if new:
        yield Constrained(scope.owners[new[0].one], new)


def _of_cluster(cluster: Cluster, average: float, taken: Taken) -> Candidate:
    """What all candidates of a cluster have in common."""
    known = [prototype.taken for prototype in cluster.prototypes.values()]
    return Candidate(
        cluster_id=cluster.cluster_id,
        prototype_id=-1,
        exemplar="",
        similarity=0.0,
        average=average,
        metres=_metres(taken, known),
        seconds=_seconds(taken, known),
    )


def _candidate(prototype: Prototype, vector: Vector, common: Candidate) -> Candidate:
    return Candidate(
        common.cluster_id,
        prototype.prototype_id,
        prototype.exemplar,
        float(prototype.direction() @ vector),
        common.average,
        common.metres,
        common.seconds,
    )


def _trial(candidate: Candidate, verdict: Verdict) -> Trial:
    return Trial(
        candidate.cluster_id,
        candidate.exemplar,
        candidate.similarity,
        verdict,
        candidate.metres,
        candidate.seconds,
    )


def _metres(taken: Taken, known: Sequence[Taken]) -> float | None:
    """Distance to the nearest exemplar that has GPS; unknown where either side has none."""
    here = taken.location
    if here is None:
        return None
    there = (one.location for one in known if one.location is not None)
    return min((metres_between(here, location) for location in there), default=None)


def _seconds(taken: Taken, known: Sequence[Taken]) -> float | None:
    """Time to the nearest exemplar that has one; unknown where either side has none."""
    now = taken.at
    if now is None:
        return None
    return min((abs(now - one.at) for one in known if one.at is not None), default=None)


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
