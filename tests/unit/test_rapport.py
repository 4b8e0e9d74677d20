"""What a scope learns about similarity and agreement."""

from __future__ import annotations

from dataclasses import replace
from math import atanh

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.rapport import CIRCUMSTANCES, Moments, Rapport
from engine.verdict import Trial
from tests.builders import agreeing


def trials(similarities: list[float], inliers: int) -> list[Trial]:
    return [Trial("c", "e", similarity, agreeing(inliers)) for similarity in similarities]


def taught(examples: int) -> Rapport:
    """Agreement around 0.7, none around 0.4."""
    rng = np.random.default_rng(1)
    near = rng.normal(0.7, 0.08, examples).tolist()
    far = rng.normal(0.4, 0.08, examples).tolist()
    return Rapport().after([*trials(near, 20), *trials(far, 0)])


def llr(rapport: Rapport, similarity: float) -> float:
    return rapport.similarity.log_likelihood_ratio(atanh(similarity))


def test_at_first_a_similarity_says_nothing() -> None:
    """And everything is worth a verification."""
    for rapport in (Rapport(), Rapport().after(trials([0.2] * 5, 0))):
        assert llr(rapport, 0.9) == 0
    assert Rapport().chance(0.1) == 0.5


def test_what_agreed_tells_what_will() -> None:
    """Likely where agreement was found, hopeless where it never was, monotonic between."""
    rapport = taught(300)
    chances = [rapport.chance(similarity) for similarity in (-0.2, 0.2, 0.4, 0.55, 0.7, 0.9)]
    assert chances == sorted(chances)
    assert chances[1] < 0.01
    assert chances[4] > 0.9


def test_few_examples_are_believed_less() -> None:
    """The same examples speak the louder the more there are."""
    assert 0 < llr(taught(5), 0.8) < llr(taught(200), 0.8)


def test_a_similarity_that_agreement_is_no_likelier_at_says_nothing() -> None:
    """An embedding at odds with geometry must not turn the search around."""
    rapport = Rapport().after([*trials([0.2, 0.3] * 50, 20), *trials([0.6, 0.7] * 50, 0)])
    assert llr(rapport, 0.9) == llr(rapport, 0.1) == 0


@pytest.mark.parametrize("similarity", [-1.0, 1.0, 2.0])
def test_extremes_stay_finite(similarity: float) -> None:
    """Copies have cosine one, rounded sometimes above it."""
    assert 0 <= taught(50).after(trials([similarity] * 9, 20)).chance(similarity) <= 1


@given(st.lists(st.floats(-100, 100), min_size=1, max_size=50))
def test_moments_are_those_of_the_numbers(numbers: list[float]) -> None:
    """One by one gives what all at once would."""
    moments = Moments()
    for number in numbers:
        moments = moments.plus(number)
    assert moments.count == len(numbers)
    assert moments.mean == pytest.approx(np.mean(numbers), abs=1e-9)
    assert moments.squares == pytest.approx(np.var(numbers) * len(numbers), rel=1e-6, abs=1e-6)


def in_field(near: float, far: float, examples: int = 100) -> Rapport:
    """Agreement around so many metres and seconds apart, none around so many others."""
    spread = np.random.default_rng(2).uniform(0.5, 2, examples).tolist()
    return Rapport().after(
        replace(trial, metres=metres * factor, seconds=metres * factor)
        for metres, inliers in ((near, 20), (far, 0))
        for factor in spread
        for trial in trials([0.5], inliers)
    )


def test_where_places_lie_apart_nearness_speaks_for_one_place() -> None:
    """And distance against it, both within bounds."""
    survey = in_field(5, 200)
    assert survey.circumstances(2, None) > 0.5
    assert survey.circumstances(250, None) < -0.5
    for metres in (0, 1e9):
        assert abs(survey.circumstances(metres, metres)) <= CIRCUMSTANCES


def test_on_a_small_site_nearness_says_nothing() -> None:
    """Two sides of a container lie a step and a minute apart."""
    site = in_field(20, 20)
    assert site.circumstances(0, 0) == pytest.approx(0, abs=0.2)


def test_what_is_unknown_costs_nothing() -> None:
    """Photos without GPS or time are neither favoured nor held back, and teach nothing."""
    survey = in_field(5, 200)
    assert survey.circumstances(None, None) == 0
    assert survey.after(trials([0.5], 20)).space == survey.space
    assert Rapport().circumstances(0, 0) == 0
