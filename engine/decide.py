"""Every assignment rule, pure: facts in, the next step out.

A rule never verifies anything itself. It answers either "verify this candidate, then ask me
again" or a final decision, so that the same rule runs live, in tests and over cached features.

**place**: the embedding proposes, geometry decides.
1. Candidates are the exemplars nearest by embedding; clusters known to lie farther away than
   the GPS radius are left out.
2. They are verified in order of similarity: at most `exemplars_per_cluster` of one cluster,
   and `verifications` in all while nothing agrees.
3. The first agreement does not end the search: up to `verifications_after_hit` candidates of
   other clusters follow, because a photo that agrees with two piles shows that they are one.
4. Agreement with nothing founds a pending cluster. Agreement joins the cluster that agrees
   most, and merges the others that agree into it.

**similarity**: one threshold on average linkage, learned from the stream unless it is given.
1. An item joins the cluster to whose members it is, on average, most similar, if that reaches
   the threshold. A single near member is not enough: that is how chains begin.
2. Otherwise it founds a pending cluster; the decision is called `defer` where it was close.
3. Nothing of this is final: maintenance (`engine.maintain`) re-agglomerates the neighbourhood.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias

from engine.criteria import STRICTEST
from engine.evidence import geometric_confidence, similarity_confidence
from engine.profile import Profile
from engine.types import Evidence, Trial

CLOSE = 0.1
"""How far below the threshold an item is in doubt, as a part of the way to identity."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One exemplar that might show the same: its cluster, prototype and distances.

    exemplar: empty where the prototype has none to verify against.
    similarity: cosine to the prototype. average: mean cosine to the cluster's members, centred
    once the scope has a centre.
    metres: distance to the cluster's nearest exemplar with GPS, None where it is unknown.
    """

    cluster_id: str
    prototype_id: int
    exemplar: str
    similarity: float
    average: float
    metres: float | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of one item: candidates, most similar first, and the trials so far.

    threshold: the average from which on an item belongs, as learned from the scope's stream.
    """

    candidates: tuple[Candidate, ...]
    threshold: float = STRICTEST
    trials: tuple[Trial, ...] = ()

    def after(self, trial: Trial) -> Facts:
        """The same facts with one more verification done."""
        return replace(self, trials=(*self.trials, trial))


@dataclass(frozen=True, slots=True)
class Verify:
    """Not decided yet: compare the item with this candidate's exemplar, then ask again."""

    candidate: Candidate


@dataclass(frozen=True, slots=True)
class Assign:
    """Join `cluster_id` near `prototype_id`; `merges` are clusters shown to be the same.

    certain: the evidence alone confirms a cluster of two.
    """

    cluster_id: str
    prototype_id: int
    confidence: float
    certain: bool
    evidence: Evidence
    merges: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Spawn:
    """Found a pending cluster; `evidence.kind` is `defer` where the item was in the band."""

    evidence: Evidence


Decision: TypeAlias = Assign | Spawn
Step: TypeAlias = Verify | Decision
RuleFunction: TypeAlias = Callable[[Facts, Profile], Step]


def decide_place(facts: Facts, profile: Profile) -> Step:
    """Apply the `place` rule (see the module's text)."""
    upcoming = _next_to_verify(facts, profile)
    if upcoming is not None:
        return Verify(upcoming)
    hits = _hits(facts, profile)
    if not hits:
        return Spawn(_evidence("spawn", facts))
    best, *others = sorted(hits, key=lambda trial: -trial.verdict.inliers)
    return Assign(
        cluster_id=best.cluster_id,
        prototype_id=_prototype_of(best.exemplar, facts),
        confidence=geometric_confidence(best.verdict),
        certain=best.verdict.inliers >= profile.certain_inliers,
        evidence=_evidence("assign", facts),
        merges=tuple(dict.fromkeys(trial.cluster_id for trial in others)),
    )


def decide_by_similarity(facts: Facts, profile: Profile) -> Step:
    """Apply the `similarity` rule (see the module's text)."""
    threshold = facts.threshold if profile.threshold is None else profile.threshold
    reachable = _within_reach(facts, profile)
    best = max(reachable, key=lambda candidate: candidate.average, default=None)
    if best is None or best.average < threshold:
        close = best is not None and best.average >= threshold - CLOSE * (1.0 - threshold)
        return Spawn(_evidence("defer" if close else "spawn", facts))
    return Assign(
        cluster_id=best.cluster_id,
        prototype_id=best.prototype_id,
        confidence=similarity_confidence(best.average, threshold),
        certain=False,
        evidence=_evidence("assign", facts),
    )


RULES: Mapping[str, RuleFunction] = {
    "place": decide_place,
    "similarity": decide_by_similarity,
}


def _next_to_verify(facts: Facts, profile: Profile) -> Candidate | None:
    """The most similar candidate that is still worth a verification, within the budget."""
    if len(facts.trials) >= _budget(facts, profile):
        return None
    tried = {"", *(trial.exemplar for trial in facts.trials)}
    spent = Counter(trial.cluster_id for trial in facts.trials)
    settled = {trial.cluster_id for trial in _hits(facts, profile)}
    for candidate in _within_reach(facts, profile):
        if candidate.exemplar in tried or candidate.cluster_id in settled:
            continue
        if spent[candidate.cluster_id] < profile.exemplars_per_cluster:
            return candidate
    return None


def _budget(facts: Facts, profile: Profile) -> int:
    """Verifications this item may cost: fixed until the first hit, then a few beyond it."""
    for count, trial in enumerate(facts.trials, start=1):
        if trial.verdict.inliers >= profile.hit_inliers:
            return count + profile.verifications_after_hit
    return profile.verifications


def _hits(facts: Facts, profile: Profile) -> list[Trial]:
    return [trial for trial in facts.trials if trial.verdict.inliers >= profile.hit_inliers]


def _within_reach(facts: Facts, profile: Profile) -> list[Candidate]:
    return [
        candidate
        for candidate in facts.candidates
        if candidate.metres is None or candidate.metres <= profile.gps_radius_m
    ]


def _prototype_of(exemplar: str, facts: Facts) -> int:
    return next(c.prototype_id for c in facts.candidates if c.exemplar == exemplar)


def _evidence(kind: str, facts: Facts) -> Evidence:
    """What the decision rested on, with the best two clusters by similarity."""
    best: dict[str, float] = {}
    for candidate in facts.candidates:
        best.setdefault(candidate.cluster_id, candidate.similarity)
    first, second = (*list(best.values())[:2], None, None)[:2]
    return Evidence(kind, similarity=first, runner_up=second, trials=facts.trials)
