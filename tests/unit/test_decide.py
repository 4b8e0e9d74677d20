"""The rule of similarity, fed with facts."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.decide import Assign, Candidate, Facts, Spawn, Verify, decide_by_similarity
from engine.profile import PROFILES, Profile

OBJECT = replace(PROFILES["object"], threshold=0.6)


def candidate(
    number: int, cluster: str, similarity: float = 0.9, metres: float | None = None
) -> Candidate:
    return Candidate(cluster, number, f"exemplar-{number}", similarity, similarity, metres)


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
