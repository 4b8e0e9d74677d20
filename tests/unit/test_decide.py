"""The assignment rules, fed with facts."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.decide import (
    Assign,
    Candidate,
    Decision,
    Facts,
    Spawn,
    Verify,
    decide_by_similarity,
    decide_place,
)
from engine.profile import PROFILES, Profile
from engine.types import Trial, Verdict

PLACE = replace(PROFILES["place"], verifications=5, verifications_after_hit=2, certain_inliers=25)
OBJECT = replace(PROFILES["object"], threshold=0.6)


def candidate(
    number: int, cluster: str, similarity: float = 0.9, metres: float | None = None
) -> Candidate:
    return Candidate(cluster, number, f"exemplar-{number}", similarity, similarity, metres)


def settle(facts: Facts, inliers: dict[int, int], profile: Profile = PLACE) -> Decision:
    """Answer every wish to verify with the given inliers, by prototype, until it is decided."""
    while isinstance(step := decide_place(facts, profile), Verify):
        asked = step.candidate
        verdict = Verdict(inliers.get(asked.prototype_id, 0), 0.5)
        facts = facts.after(Trial(asked.cluster_id, asked.exemplar, verdict))
    return step


def test_a_place_is_never_joined_on_the_embedding_alone() -> None:
    """Identical embeddings whose geometry disagrees stay apart."""
    decision = settle(Facts((candidate(0, "a", 1.0), candidate(1, "b", 1.0))), inliers={})
    assert isinstance(decision, Spawn)
    assert len(decision.evidence.trials) == 2


def test_a_lobe_without_exemplar_is_passed_over() -> None:
    """There is nothing to compare with, and no verification is spent on it."""
    bare = replace(candidate(0, "a", 1.0), exemplar="")
    decision = settle(Facts((bare, candidate(1, "a"))), inliers={0: 40, 1: 20})
    assert isinstance(decision, Assign)
    assert decision.prototype_id == 1
    assert [trial.exemplar for trial in decision.evidence.trials] == ["exemplar-1"]


def test_the_cluster_that_agrees_most_is_joined_and_the_other_merged_into_it() -> None:
    """A photo that verifies against two piles shows that they are one."""
    facts = Facts((candidate(0, "a"), candidate(1, "b", 0.8)))
    decision = settle(facts, {0: 20, 1: 40})
    assert isinstance(decision, Assign)
    assert (decision.cluster_id, decision.prototype_id, decision.merges) == ("b", 1, ("a",))


def test_two_verifications_follow_the_first_hit() -> None:
    """Stopping at the first agreement would leave split piles unmerged."""
    facts = Facts(tuple(candidate(n, f"cluster-{n}", 0.9 - n / 100) for n in range(9)))
    decision = settle(facts, {1: 99})
    assert len(decision.evidence.trials) == 4


def test_the_budget_holds_while_nothing_agrees() -> None:
    """A photo of a new place costs five verifications, however many clusters there are."""
    facts = Facts(tuple(candidate(n, f"cluster-{n}") for n in range(30)))
    assert len(settle(facts, {}).evidence.trials) == PLACE.verifications


def test_one_cluster_is_tried_with_three_exemplars_at_most() -> None:
    """A large pile of similar photos cannot eat the whole budget."""
    crowd = [candidate(n, "crowd", 0.99) for n in range(10)]
    decision = settle(Facts((*crowd, candidate(50, "other", 0.5))), {50: 30})
    assert isinstance(decision, Assign)
    assert decision.cluster_id == "other"


def test_a_cluster_beyond_the_gps_radius_is_not_even_verified() -> None:
    """Look-alike buildings in two towns stay apart; unknown GPS costs nothing."""
    facts = Facts((candidate(0, "far", metres=900.0), candidate(1, "unknown", 0.7)))
    decision = settle(facts, {0: 200, 1: 30})
    assert isinstance(decision, Assign)
    assert decision.cluster_id == "unknown"
    assert len(decision.evidence.trials) == 1


def test_many_inliers_make_two_photos_a_place() -> None:
    """Geometric certainty confirms a pair; a bare hit does not."""
    facts = Facts((candidate(0, "a"),))
    for inliers, certain in ((PLACE.hit_inliers, False), (PLACE.certain_inliers, True)):
        decision = settle(facts, {0: inliers})
        assert isinstance(decision, Assign)
        assert decision.certain is certain


@given(st.dictionaries(st.integers(0, 19), st.integers(0, 60), max_size=20))
def test_more_inliers_never_turn_a_join_into_a_spawn(inliers: dict[int, int]) -> None:
    """The rule joins exactly when one of its own trials reaches the hit threshold."""
    facts = Facts(tuple(candidate(n, f"c{n % 7}", 0.99 - n / 100) for n in range(20)))
    decision = settle(facts, inliers)
    best = max(trial.verdict.inliers for trial in decision.evidence.trials)
    assert isinstance(decision, Assign) == (best >= PLACE.hit_inliers)


def kind_at(average: float, profile: Profile = OBJECT) -> str:
    """How an item is taken whose best cluster is so similar on average."""
    one = replace(candidate(0, "a"), average=average)
    step = decide_by_similarity(Facts((one,)), profile)
    assert not isinstance(step, Verify)
    assert isinstance(step, Assign) == (step.evidence.kind == "assign")
    return step.evidence.kind


@pytest.mark.parametrize(
    ("average", "kind"),
    [(0.9, "assign"), (0.6, "assign"), (0.59, "defer"), (0.56, "defer"), (0.55, "spawn")],
)
def test_similarity_joins_from_the_threshold_on(average: float, kind: str) -> None:
    """One threshold, three answers: what came close says so."""
    assert kind_at(average) == kind


def test_a_scope_without_clusters_founds_one() -> None:
    """Nothing to be near to is no doubt."""
    step = decide_by_similarity(Facts(()), OBJECT)
    assert isinstance(step, Spawn)
    assert (step.evidence.kind, step.evidence.similarity) == ("spawn", None)


def test_a_single_near_member_is_not_enough() -> None:
    """One near lobe of a far cluster is how chains begin."""
    near_lobe = replace(candidate(0, "a", 0.99), average=0.4)
    assert isinstance(decide_by_similarity(Facts((near_lobe,)), OBJECT), Spawn)


def test_the_cluster_that_fits_as_a_whole_is_joined() -> None:
    """A near lobe of a far cluster must not hide it; the lobe joined is its nearest."""
    near_lobe = replace(candidate(0, "a", 0.9), average=0.65)
    whole = (replace(candidate(n, "b", 0.8 - n / 10), average=0.7) for n in (1, 2))
    step = decide_by_similarity(Facts((near_lobe, *whole)), OBJECT)
    assert isinstance(step, Assign)
    assert (step.cluster_id, step.prototype_id, step.merges) == ("b", 1, ())
    assert step.evidence.similarity == 0.9
    assert step.evidence.runner_up == pytest.approx(0.7)


def test_a_cluster_beyond_the_gps_radius_is_not_joined() -> None:
    """However similar; unknown GPS costs nothing."""
    facts = Facts((candidate(0, "far", 0.9, metres=900.0), candidate(1, "unknown", 0.7)))
    step = decide_by_similarity(facts, OBJECT)
    assert isinstance(step, Assign)
    assert step.cluster_id == "unknown"


def test_without_a_threshold_given_the_stream_says_what_is_near() -> None:
    """The same average joins in one scope and founds a cluster in another; at first in none."""
    learning = replace(OBJECT, threshold=None)
    one = Facts((candidate(0, "a", 0.7),), threshold=0.65)
    assert isinstance(decide_by_similarity(one, learning), Assign)
    assert isinstance(decide_by_similarity(replace(one, threshold=0.9), learning), Spawn)
    assert isinstance(decide_by_similarity(Facts(one.candidates), learning), Spawn)


@given(st.floats(-1, 1), st.floats(-1, 1))
def test_confidence_grows_from_one_half_at_the_threshold(one: float, other: float) -> None:
    """Whoever is nearer is believed at least as firmly; what joins is more likely in than out."""
    found = []
    for average in sorted((one, other)):
        step = decide_by_similarity(Facts((candidate(0, "a", average),)), OBJECT)
        found.append(step.confidence if isinstance(step, Assign) else 0.0)
        assert isinstance(step, Spawn) or 0.5 <= found[-1] <= 1.0
    assert found == sorted(found)
