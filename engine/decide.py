"""Every assignment rule, pure: facts in, the next step out.

A rule never verifies anything itself. It answers either "verify this candidate, then ask me
again" or a final decision, so that the same rule runs live, in tests and over cached features.

**place**: see `engine.decide_place`.

**similarity**: one threshold on average linkage, learned from the stream unless it is given.
1. An item joins the cluster to whose members it is, on average, most similar, if that reaches
   the threshold. A single near member is not enough: that is how chains begin.
2. Otherwise it founds a pending cluster; the decision is called `defer` where it was close.
3. Nothing of this is final: maintenance (`engine.maintain`) re-agglomerates the neighbourhood.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from engine.criteria import STRICTEST
from engine.evidence import similarity_confidence
from engine.profile import Profile
from engine.rapport import Rapport
from engine.verdict import Evidence, Trial

CLOSE = 0.1
"""How far below the threshold an item is in doubt, as a part of the way to identity."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One exemplar that might show the same: its cluster, prototype and distances.

    exemplar: empty where the prototype has none to verify against.
    similarity: cosine to the prototype. average: mean cosine to the cluster's members, centred
    once the scope has a centre; 0 where the rule does not ask for it.
    metres, seconds: to the cluster's nearest exemplar in space and in time, None for unknown.
    """

    cluster_id: str
    prototype_id: int
    exemplar: str
    similarity: float
    average: float
    metres: float | None = None
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of one item: candidates, most similar first, and the trials so far.

    threshold: the average from which on an item belongs, as learned from the scope's stream.
    rapport: what cosines, distances and times say of geometric agreement, learned likewise.
    """

    candidates: tuple[Candidate, ...]
    threshold: float = STRICTEST
    rapport: Rapport = field(default_factory=Rapport)
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


def decide_by_similarity(facts: Facts, profile: Profile) -> Step:
    """Apply the `similarity` rule (see the module's text)."""
    threshold = facts.threshold if profile.threshold is None else profile.threshold
    reachable = within_reach(facts, profile)
    best = max(reachable, key=lambda candidate: candidate.average, default=None)
    if best is None or best.average < threshold:
        close = best is not None and best.average >= threshold - CLOSE * (1.0 - threshold)
        return Spawn(evidence_of("defer" if close else "spawn", facts))
    return Assign(
        cluster_id=best.cluster_id,
        prototype_id=best.prototype_id,
        confidence=similarity_confidence(best.average, threshold),
        certain=False,
        evidence=evidence_of("assign", facts),
    )


def within_reach(facts: Facts, profile: Profile) -> list[Candidate]:
    """The candidates that are not known to lie too far away, most similar first."""
    return [
        candidate
        for candidate in facts.candidates
        if candidate.metres is None or candidate.metres <= profile.gps_radius_m
    ]


def evidence_of(kind: str, facts: Facts) -> Evidence:
    """What the decision rested on, with the best two clusters by similarity."""
    best: dict[str, float] = {}
    for candidate in facts.candidates:
        best.setdefault(candidate.cluster_id, candidate.similarity)
    first, second = (*list(best.values())[:2], None, None)[:2]
    return Evidence(kind, similarity=first, runner_up=second, trials=facts.trials)
