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

**similarity**: two thresholds on the cosine, learned from the stream unless they are given.
1. At `same` or above, to the nearest lobe: join.
2. Below `different`: found a pending cluster.
3. Between: join the nearest cluster that is, on average, as near as `different`; a single
   near lobe is how chains begin. Where none is, defer into a pending cluster of its own.
4. Who joins also merges into its cluster the others within its reach whose members are, on average,
   as near to those of its cluster as `different`: what began as several piles becomes one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from engine.calibration import COPIES_ONLY, Band
from engine.evidence import geometric_confidence, similarity_confidence
from engine.profile import Profile
from engine.types import Evidence, Trial


@dataclass(frozen=True, slots=True)
class Candidate:
    """One exemplar that might show the same: its cluster, prototype and distances.

    exemplar: empty where the prototype has none to verify against.
    similarity: cosine to the prototype. average: mean cosine to the cluster's members.
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

    band: which cosines mean same and different, as learned from the scope's stream.
    links: mean cosine between the members of two candidate clusters, by the pair of ids.
    """

    candidates: tuple[Candidate, ...]
    band: Band = COPIES_ONLY
    links: Mapping[frozenset[str], float] = field(default_factory=dict)
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
    band = _band(facts, profile)
    reachable = _within_reach(facts, profile)
    if not reachable or reachable[0].similarity < band.different:
        return Spawn(_evidence("spawn", facts))
    chosen = next((c for c in reachable if _joins(c, band)), None)
    if chosen is None:
        return Spawn(_evidence("defer", facts))
    return Assign(
        cluster_id=chosen.cluster_id,
        prototype_id=chosen.prototype_id,
        confidence=similarity_confidence(chosen.similarity, band.same, band.different),
        certain=False,
        evidence=_evidence("assign", facts),
        merges=_shown_to_be_one(chosen.cluster_id, reachable, facts, band),
    )


def _shown_to_be_one(
    chosen: str, reachable: Sequence[Candidate], facts: Facts, band: Band
) -> tuple[str, ...]:
    """The other clusters near this item whose members are, on average, near those chosen."""
    near = dict.fromkeys(c.cluster_id for c in reachable if c.similarity >= band.different)
    return tuple(
        other
        for other in near
        if facts.links.get(frozenset((chosen, other)), -1.0) >= band.different and other != chosen
    )


def _band(facts: Facts, profile: Profile) -> Band:
    """What the operator or the encoder's card says, else what the stream says."""
    if profile.same is None or profile.different is None:
        return facts.band
    return Band(profile.same, profile.different)


def _joins(candidate: Candidate, band: Band) -> bool:
    """Near beyond doubt, or within the band and the whole cluster near enough."""
    if candidate.similarity >= band.same:
        return True
    return min(candidate.similarity, candidate.average) >= band.different


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
