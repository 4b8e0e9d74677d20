"""The measures agree with their definitions, counted out by hand and by brute force."""

from __future__ import annotations

import random
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.jobs.evaluate import NOISE, Retrieval, evaluate

results = st.lists(
    st.tuples(st.sampled_from("abcde"), st.integers(min_value=-1, max_value=5)),
    min_size=1,
    max_size=40,
)


def separated(groups: list[int]) -> list[object]:
    return [(i, "noise") if group == NOISE else group for i, group in enumerate(groups)]


def harmonic(precision: float, recall: float) -> float:
    return 0.0 if precision + recall == 0 else 2 * precision * recall / (precision + recall)


def brute_bcubed(truth: list[str], groups: list[int]) -> Retrieval:
    found, everyone = separated(groups), range(len(truth))
    precisions, recalls = [], []
    for i in everyone:
        both = sum(truth[i] == truth[j] and found[i] == found[j] for j in everyone)
        precisions.append(both / sum(found[i] == found[j] for j in everyone))
        recalls.append(both / sum(truth[i] == truth[j] for j in everyone))
    precision, recall = sum(precisions) / len(truth), sum(recalls) / len(truth)
    return Retrieval(precision, recall, harmonic(precision, recall))


def brute_pairwise(truth: list[str], groups: list[int]) -> Retrieval:
    found, pairs = separated(groups), list(combinations(range(len(truth)), 2))
    claimed = [(i, j) for i, j in pairs if found[i] == found[j]]
    true = [(i, j) for i, j in pairs if truth[i] == truth[j]]
    hits = sum(truth[i] == truth[j] for i, j in claimed)
    precision = hits / len(claimed) if claimed else 1.0
    recall = hits / len(true) if true else 1.0
    return Retrieval(precision, recall, harmonic(precision, recall))


def close(found: Retrieval, expected: Retrieval) -> bool:
    pairs = ("precision", "recall", "f1")
    return all(getattr(found, p) == pytest.approx(getattr(expected, p)) for p in pairs)


@given(results)
def test_bcubed_and_pairwise_equal_their_definitions(rows: list[tuple[str, int]]) -> None:
    """The contingency table gives what comparing every photo with every other one gives."""
    truth, groups = [t for t, _ in rows], [g for _, g in rows]
    scores = evaluate(truth, groups)
    assert close(scores.bcubed, brute_bcubed(truth, groups))
    assert close(scores.pairwise, brute_pairwise(truth, groups))


@given(st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=30))
def test_a_perfect_result_scores_one_everywhere(truth: list[str]) -> None:
    """Groups that equal the labels reach 1 in every measure and miscount nothing."""
    scores = evaluate(truth, ["abcdefgh".index(label) for label in truth])
    assert scores.bcubed == scores.pairwise == Retrieval(1.0, 1.0, 1.0)
    measures = (scores.ari, scores.ami, scores.homogeneity, scores.completeness, scores.v_measure)
    assert measures == pytest.approx((1, 1, 1, 1, 1))
    assert scores.cluster_count_error == 0


@given(results, st.integers(), st.permutations(range(6)))
def test_neither_order_nor_names_matter(
    rows: list[tuple[str, int]], seed: int, names: list[int]
) -> None:
    """Shuffling the photos and renaming the groups leaves every figure as it was."""
    shuffled = random.Random(seed).sample(rows, len(rows))
    before = evaluate([t for t, _ in rows], [g for _, g in rows])
    renamed = [g if g == NOISE else names[g] for _, g in shuffled]
    after = evaluate([t for t, _ in shuffled], renamed)
    assert close(before.bcubed, after.bcubed)
    assert close(before.pairwise, after.pairwise)
    assert (before.ari, before.ami) == pytest.approx((after.ari, after.ami))
    assert before.found_clusters == after.found_clusters


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=40))
def test_noise_is_never_imprecise(truth: list[str]) -> None:
    """Leaving everything alone claims nothing wrong: precision 1, no cluster found."""
    scores = evaluate(truth, [NOISE] * len(truth))
    assert scores.bcubed.precision == scores.pairwise.precision == 1
    assert scores.found_clusters == 0


def test_figures_of_a_small_case_by_hand() -> None:
    """Two places of three and two photos, one photo misplaced and one left alone."""
    scores = evaluate(["a", "a", "a", "b", "b", "c"], [0, 0, 1, 1, NOISE, NOISE])
    assert scores.bcubed.precision == pytest.approx((1 + 1 + 0.5 + 0.5 + 1 + 1) / 6)
    assert scores.bcubed.recall == pytest.approx((2 / 3 + 2 / 3 + 1 / 3 + 1 / 2 + 1 / 2 + 1) / 6)
    assert (scores.pairwise.precision, scores.pairwise.recall) == (0.5, 0.25)
    assert (scores.true_clusters, scores.found_clusters) == (2, 2)


def test_unequal_or_empty_lists_are_refused() -> None:
    """Labels that do not belong to the groups are a caller's bug, never a score."""
    with pytest.raises(ValueError, match="2 labels and 1 groups"):
        evaluate(["a", "b"], [0])
    with pytest.raises(ValueError, match="at least 1"):
        evaluate([], [])
