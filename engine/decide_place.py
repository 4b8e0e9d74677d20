"""The `place` rule: the embedding proposes, geometry decides.

1. Candidates are the exemplars nearest by embedding; clusters known to lie farther away than
   the GPS radius are left out.
2. They are verified in order of similarity: at most `exemplars_per_cluster` of one cluster, and
   `verifications` in all while nothing agrees. Beyond the first two, a candidate whose
   similarity gives hope of agreement no more, as this scope has taught, is passed over.
3. The first agreement does not end the search: up to `verifications_after_hit` candidates of
   other clusters follow, because a photo that agrees with two piles shows that they are one.
4. A photo belongs to a cluster where the exemplar that agrees best makes that likely
   (`engine.evidence`), with what distance and time have been worth in this scope
   (`engine.rapport`). What several exemplars say does not add up: a look-alike agrees a little
   with every one of them. Nor has the embedding a say, once it has proposed: views from far apart
   look different, look-alikes do not.
5. A photo founds a pending cluster where it belongs to none. Otherwise it joins the one that is
   the most likely, and merges the others it belongs to into that.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from engine.decide import Assign, Candidate, Facts, Spawn, Step, Verify, evidence_of, within_reach
from engine.evidence import probability, same_place
from engine.profile import Profile
from engine.verdict import Trial

ALWAYS = 2
"""Verifications that no lack of hope prevents: hopes are learned from them."""
HOPE = 0.01
"""Chance of agreement below which a verification is not worth its cost."""


def decide_place(facts: Facts, profile: Profile) -> Step:
    """Apply the `place` rule (see the module's text)."""
    upcoming = _next_to_verify(facts, profile)
    if upcoming is not None:
        return Verify(upcoming)
    hits = _hits(facts)
    if not hits:
        return Spawn(evidence_of("spawn", facts))
    best, *others = sorted(hits, key=_weakness)
    log_odds = _log_odds(best, facts)
    return Assign(
        cluster_id=best.cluster_id,
        prototype_id=_prototype_of(best.exemplar, facts),
        confidence=probability(log_odds),
        certain=log_odds >= profile.certain,
        evidence=evidence_of("assign", facts),
        merges=tuple(dict.fromkeys(trial.cluster_id for trial in others)),
    )


def _weakness(trial: Trial) -> tuple[float, float]:
    return -trial.verdict.belief, -trial.verdict.support


def _hits(facts: Facts) -> list[Trial]:
    return [trial for trial in facts.trials if _log_odds(trial, facts) > 0]


def _log_odds(trial: Trial, facts: Facts) -> float:
    """Of one place, in nats, by all that is known of the two."""
    circumstances = facts.rapport.circumstances(trial.metres, trial.seconds)
    return same_place(trial.verdict) + circumstances


def _next_to_verify(facts: Facts, profile: Profile) -> Candidate | None:
    """The most similar candidate that is still worth a verification, within the budget."""
    if len(facts.trials) >= _budget(facts, profile):
        return None
    candidate = next(_untried(facts, profile), None)
    if candidate is None or len(facts.trials) < ALWAYS:
        return candidate
    return candidate if facts.rapport.chance(candidate.similarity) >= HOPE else None


def _untried(facts: Facts, profile: Profile) -> Iterator[Candidate]:
    """Candidates that may be verified next, most similar first."""
    tried = {"", *(trial.exemplar for trial in facts.trials)}
    spent = Counter(trial.cluster_id for trial in facts.trials)
    settled = {trial.cluster_id for trial in _hits(facts)}
    for candidate in within_reach(facts, profile):
        if candidate.exemplar in tried or candidate.cluster_id in settled:
            continue
        if spent[candidate.cluster_id] < profile.exemplars_per_cluster:
            yield candidate


def _budget(facts: Facts, profile: Profile) -> int:
    """Verifications this item may cost: fixed until the first hit, then a few beyond it."""
    for count, trial in enumerate(facts.trials, start=1):
        if _log_odds(trial, facts) > 0:
            return count + profile.verifications_after_hit
    return profile.verifications


def _prototype_of(exemplar: str, facts: Facts) -> int:
    return next(c.prototype_id for c in facts.candidates if c.exemplar == exemplar)
