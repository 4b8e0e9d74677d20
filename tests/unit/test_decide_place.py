"""The rule of places, fed with facts."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from engine.decide import Assign, Candidate, Decision, Facts, Spawn, Verify
from engine.decide_place import ALWAYS, decide_place
from engine.evidence import agrees
from engine.profile import PROFILES
from engine.rapport import Rapport
from engine.verdict import Trial, Verdict
from engine.vision import worths
from tests.builders import agreeing

PLACE = PROFILES["place"]
NEAR, FAR = 0.9, 0.1


def candidate(
    number: int, cluster: str, similarity: float = NEAR, metres: float | None = None
) -> Candidate:
    return Candidate(cluster, number, f"exemplar-{number}", similarity, similarity, metres)


def tried(asked: Candidate, verdict: Verdict) -> Trial:
    return Trial(asked.cluster_id, asked.exemplar, asked.similarity, verdict)


def settle(facts: Facts, inliers: dict[int, int]) -> Decision:
    """Answer every wish to verify with the given inliers, by prototype, until it is decided."""
    while isinstance(step := decide_place(facts, PLACE), Verify):
        verdict = agreeing(inliers.get(step.candidate.prototype_id, 0))
        facts = facts.after(tried(step.candidate, verdict))
    return step


def taught(examples: int = 200) -> Rapport:
    """What a stream teaches in which near photos agree and far ones do not."""
    spread = [0.05 * (n % 3 - 1) for n in range(examples)]
    near = [tried(candidate(0, "a", NEAR + off / 2), agreeing(30)) for off in spread]
    far = [tried(candidate(0, "a", FAR + off), agreeing(0)) for off in spread]
    return Rapport().after([*near, *far])


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


def test_a_few_verifications_follow_the_first_hit() -> None:
    """Stopping at the first agreement would leave split piles unmerged."""
    facts = Facts(tuple(candidate(n, f"cluster-{n}", NEAR - n / 100) for n in range(9)))
    decision = settle(facts, {1: 99})
    assert len(decision.evidence.trials) == 2 + PLACE.verifications_after_hit


def test_the_budget_holds_while_nothing_agrees() -> None:
    """A photo of a new place costs eight verifications at most, however many clusters there are."""
    facts = Facts(tuple(candidate(n, f"cluster-{n}") for n in range(30)))
    assert len(settle(facts, {}).evidence.trials) == PLACE.verifications == 8


def test_hopeless_candidates_are_not_verified() -> None:
    """Once a scope has taught what never agrees; two are tried all the same, to go on learning."""
    facts = Facts(tuple(candidate(n, f"cluster-{n}", FAR) for n in range(30)), rapport=taught())
    assert len(settle(facts, {}).evidence.trials) == ALWAYS


def test_hopeful_candidates_are_verified_however_many_failed() -> None:
    """What the scope has taught does not shorten the search among photos that look the same."""
    facts = Facts(tuple(candidate(n, f"cluster-{n}") for n in range(30)), rapport=taught())
    assert len(settle(facts, {}).evidence.trials) == PLACE.verifications


def test_one_cluster_is_tried_with_three_exemplars_at_most() -> None:
    """A large pile of similar photos cannot eat the whole budget."""
    crowd = [candidate(n, "crowd", 0.99) for n in range(10)]
    decision = settle(Facts((*crowd, candidate(50, "other", 0.5))), {50: 30})
    assert isinstance(decision, Assign)
    assert decision.cluster_id == "other"


def test_a_little_agreement_with_every_exemplar_is_not_enough() -> None:
    """Look-alikes agree a little with each photo of a cluster: that does not add up."""
    facts = Facts(tuple(candidate(n, "look-alike") for n in range(3)))
    assert not agrees(agreeing(7))
    assert isinstance(settle(facts, dict.fromkeys(range(3), 7)), Spawn)


def test_a_cluster_beyond_the_gps_radius_is_not_even_verified() -> None:
    """Look-alike buildings in two towns stay apart; unknown GPS costs nothing."""
    facts = Facts((candidate(0, "far", metres=900.0), candidate(1, "unknown", 0.7)))
    decision = settle(facts, {0: 200, 1: 30})
    assert isinstance(decision, Assign)
    assert decision.cluster_id == "unknown"
    assert len(decision.evidence.trials) == 1


def test_clear_agreement_makes_two_photos_a_place() -> None:
    """It confirms a pair; what barely counts as agreement does not."""
    for inliers, certain in ((8, False), (20, True)):
        decision = settle(Facts((candidate(0, "a"),)), {0: inliers})
        assert isinstance(decision, Assign)
        assert decision.certain is certain


@given(st.dictionaries(st.integers(0, 19), st.integers(0, 60), max_size=20))
def test_an_item_joins_exactly_where_a_trial_agrees(inliers: dict[int, int]) -> None:
    """Neither more nor less than its own trials decides."""
    facts = Facts(tuple(candidate(n, f"c{n % 7}", 0.99 - n / 100) for n in range(20)))
    decision = settle(facts, inliers)
    found = any(agrees(trial.verdict) for trial in decision.evidence.trials)
    assert isinstance(decision, Assign) == found


def test_distance_and_time_tip_the_scale_of_geometry() -> None:
    """A verdict just short of agreement is enough nearby, and never without any inliers."""
    weak, none = Verdict(6, 6, 3.2, 0.4, worths.SIFT.belief(3.2, 6)), agreeing(0)
    assert not agrees(weak)
    field = Rapport().after(
        replace(tried(candidate(0, "a"), agreeing(inliers)), metres=metres, seconds=metres)
        for metres, inliers in ((5.0, 30), (200.0, 0))
        for _ in range(200)
    )
    for metres, verdict, joined in ((5.0, weak, True), (200.0, weak, False), (0.0, none, False)):
        asked = candidate(0, "a", metres=metres)
        trial = replace(tried(asked, verdict), metres=metres, seconds=metres)
        facts = Facts((asked,), rapport=field, trials=(trial,))
        assert isinstance(decide_place(facts, PLACE), Assign) == joined
