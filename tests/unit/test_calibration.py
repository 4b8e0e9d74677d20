"""What a scope learns of its own material: exact sums, moves by events alone, drift."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.calibration import FEWEST, MANY, Calibration
from engine.cluster import Prototype
from engine.criteria import STRICTEST
from engine.lineage import Calibrated
from engine.types import Vector
from tests.blobs import DIM, blobs, centred, pile
from tests.snapshot import learned

FITTED = Calibrated(threshold=0.4, silhouette=0.5, trust=1.0, items=0, drifted=False, sample=())
CHANGED = Calibrated(threshold=0.4, silhouette=0.5, trust=1.0, items=0, drifted=True, sample=())


def fed(vectors: Iterable[Vector]) -> Calibration:
    calibration = Calibration()
    for vector in vectors:
        calibration.add(vector)
    return calibration


def walk(seed: int, count: int, shift: float = 0.0) -> list[Vector]:
    """Vectors about many directions on one side of the sphere, which `shift` turns away."""
    rng = np.random.default_rng(seed)
    side = np.zeros(DIM)
    side[0], side[1] = 1.0 - shift, shift
    rows = 2.0 * side + 0.3 * rng.normal(size=(count, DIM))
    return [np.asarray(row / np.linalg.norm(row), np.float32) for row in rows]


def test_nothing_is_believed_of_a_few_photos() -> None:
    """A cold start joins copies and nothing else, and looks again at the eighth photo."""
    vectors, _ = blobs([FEWEST])
    calibration = fed(vectors[:-1])
    assert (calibration.threshold, calibration.centre) == (STRICTEST, None)
    assert not calibration.due
    calibration.add(vectors[-1])
    assert calibration.due


def test_copies_alone_teach_nothing() -> None:
    """One photo over and over leaves nothing to be told apart; another photo does."""
    one, other = (vectors[0] for vectors, _ in (blobs([1], seed=1), blobs([1], seed=2)))
    calibration = Calibration()
    assert not calibration.can_learn(lobes([one] * 50))
    assert calibration.can_learn(lobes([one] * 50 + [other]))


@settings(max_examples=30, deadline=None)
@given(st.permutations(range(40)))
def test_the_centre_does_not_depend_on_the_order(order: list[int]) -> None:
    """Sums on the grid are exact, bit for bit, whatever came first."""
    vectors, _ = blobs([20, 20])
    here, there = Calibration(), Calibration()
    here.apply(FITTED, lobes(vectors), 40)
    there.apply(FITTED, lobes(vectors[n] for n in order), 40)
    assert here.centre is not None
    assert there.centre is not None
    assert here.centre.tobytes() == there.centre.tobytes()
    assert np.allclose(here.centre, np.mean(vectors, axis=0))


def test_looking_again_changes_nothing_until_the_event_is_applied() -> None:
    """Between two events the scores stay as they are, whatever is added."""
    vectors, _ = blobs([6] * 5)
    calibration = fed(vectors)
    found = calibration.look_again(lobes(vectors))
    assert (calibration.threshold, calibration.centre) == (STRICTEST, None)
    assert (found.items, found.drifted) == (30, False)
    calibration.apply(found, lobes(vectors), 30)
    assert calibration.threshold == found.threshold < STRICTEST
    assert not calibration.due
    before = calibration.direction(vectors[0])
    for vector in blobs([2], seed=9)[0]:
        calibration.add(vector)
    assert np.array_equal(calibration.direction(vectors[0]), before)


def lobes(vectors: Iterable[Vector]) -> list[Prototype]:
    cluster = pile("c", 1, {n: [vector] for n, vector in enumerate(vectors)})
    return list(cluster.prototypes.values())


def test_it_is_due_when_the_scope_has_grown_by_a_tenth() -> None:
    """So that the work per photo does not grow with the scope."""
    vectors, _ = blobs([50, 50])
    calibration = fed(vectors)
    calibration.apply(FITTED, lobes(vectors), 100)
    added = 0
    for vector in blobs([10, 10], seed=1)[0]:
        calibration.add(vector)
        added += 1
        if calibration.due:
            break
    assert added == 11


def test_a_fit_that_found_structure_outweighs_one_that_did_not() -> None:
    """Earlier fits keep their say: piles should not change with every sample."""
    vectors, _ = blobs([6] * 5)
    sure, unsure = fed(vectors), fed(vectors)
    sure.apply(Calibrated(0.9, 0.5, 1.0, 30, False, ()), lobes(vectors), 30)
    unsure.apply(Calibrated(0.9, 0.0, 0.0, 30, False, ()), lobes(vectors), 30)
    found = fed(vectors).look_again(lobes(vectors)).threshold
    after = [one.look_again(lobes(vectors)).threshold for one in (unsure, sure)]
    assert found < after[0] < after[1] < 0.9


def test_rows_multiply_to_mean_centred_cosines() -> None:
    """Exact between single items, nearly so for lobes of kin, each counted by its members."""
    vectors, truth = blobs([5, 5], spread=0.2)
    calibration = fed(vectors)
    calibration.apply(FITTED, lobes(vectors), 10)
    rows = calibration.directions(lobes(vectors))
    expected = centred(vectors)
    assert np.allclose(rows, expected)
    assert np.allclose(calibration.direction(vectors[3]), expected[3])
    *kin, probe = (n for n in range(10) if truth[n] == truth[0])
    mean, towards = expected[kin].mean(axis=0), calibration.direction(vectors[probe])
    apart = pile("c", 1, {n: [vectors[n]] for n in kin})
    assert np.allclose(calibration.middle(apart), mean)
    assert calibration.average(apart, towards) == pytest.approx(float(mean @ expected[probe]))
    fused = pile("c", 1, {50: [vectors[n] for n in kin]})
    assert calibration.average(fused, towards) == pytest.approx(mean @ expected[probe], abs=0.05)


def test_before_the_first_fit_cosines_are_plain() -> None:
    """Without a centre the average is the exact mean cosine."""
    vectors, _ = blobs([6])
    calibration = fed(vectors)
    cluster = pile("c", 1, {0: vectors[:2], 1: vectors[2:5]})
    average = calibration.average(cluster, calibration.direction(vectors[5]))
    assert average == pytest.approx(np.mean([vector @ vectors[5] for vector in vectors[:5]]))


@pytest.mark.parametrize("seed", range(4))
def test_a_steady_stream_does_not_drift(seed: int) -> None:
    """Two thousand photos of the same sort raise no alarm."""
    vectors = walk(seed, 2200)
    calibration = fed(vectors[:200])
    calibration.apply(FITTED, lobes(vectors[:200]), 200)
    for vector in vectors[200:]:
        calibration.add(vector)
    assert not calibration.drifting


@pytest.mark.parametrize("seed", range(4))
def test_a_shifted_stream_drifts_and_says_so(seed: int) -> None:
    """Other material raises the alarm within some hundred photos; the event carries it."""
    calibration = fed(walk(seed, 500))
    calibration.apply(FITTED, lobes(walk(seed, 500)), 500)
    calibration.next_fit = 10_000
    for vector in (*walk(seed + 50, 300), *walk(seed + 100, 300, shift=0.5)):
        calibration.add(vector)
    assert calibration.drifting
    assert calibration.due
    assert calibration.look_again(lobes(blobs([6] * 5)[0])).drifted


def test_after_a_drift_only_the_newer_half_is_drawn_from() -> None:
    """What is learned follows the stream; who lies where does not."""
    vectors = walk(1, 100)
    calibration = fed(vectors)
    calibration.apply(FITTED, lobes(vectors), 100)
    assert (calibration.drifts, calibration.recent) == (0, 0)
    calibration.apply(CHANGED, lobes(vectors), 100)
    assert (calibration.drifts, calibration.recent, calibration.drifting) == (1, 50, False)
    calibration.apply(CHANGED, lobes(vectors), 200)
    assert (calibration.drifts, calibration.recent) == (2, 125)


def test_a_large_scope_damps_what_differs_inside_piles() -> None:
    """Noise along one axis tells nothing of the piles, once there are enough to see that."""
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(MANY, 1)) * np.eye(DIM)[0]
    centres = np.repeat(rng.normal(size=(40, DIM)), MANY // 40, axis=0)
    rows = centres + 0.1 * rng.normal(size=(MANY, DIM)) + noise
    vectors = [np.asarray(row / np.linalg.norm(row), np.float32) for row in rows]
    calibration = fed(vectors)
    sample = lobes(vectors[::4])
    calibration.apply(calibration.look_again(sample), sample, MANY)
    assert calibration.space is not None
    plain = centred(vectors)
    damped = np.stack([calibration.direction(vector) for vector in vectors])
    own, other = slice(0, 20), slice(200, 220)
    for rows in (plain, damped):
        assert (rows[own] @ rows[own].T).mean() > (rows[own] @ rows[other].T).mean()
    assert (damped[own] @ damped[own].T).min() > (plain[own] @ plain[own].T).min()


def test_what_was_forgotten_leaves_no_trace() -> None:
    """A replay that knows it as zeros finds another centre and space, until it is forgotten."""
    vectors, _ = blobs([10] * 20)
    zeros = [np.zeros_like(vectors[0]), *vectors[1:]]
    live, replayed = Calibration(seen=MANY), Calibration(seen=MANY)
    for calibration, known in ((live, vectors), (replayed, zeros)):
        calibration.apply(FITTED, lobes(known), 200)
        for vector in known:
            calibration.add(vector)
    assert live.space is not None
    assert learned(live) != learned(replayed)
    earlier = replace(live)
    for calibration in (live, replayed):
        calibration.forget()
    assert learned(live) == learned(replayed)
    again = live.look_again(lobes(vectors[1:]), earlier)
    for calibration in (live, replayed):
        calibration.apply(again, lobes(vectors[1:]), 200)
    assert live.space is not None
    assert learned(live) == learned(replayed)


def test_what_was_believed_counts_on_when_something_is_forgotten() -> None:
    """The threshold does not jump for the sake of one photo."""
    vectors, _ = blobs([6] * 5)
    calibration = fed(vectors)
    calibration.apply(Calibrated(0.9, 0.5, 1.0, 30, False, ()), lobes(vectors), 30)
    before, earlier = calibration.look_again(lobes(vectors[1:])), replace(calibration)
    calibration.forget()
    assert calibration.threshold == STRICTEST
    after = calibration.look_again(lobes(vectors[1:]), earlier)
    assert after.threshold == pytest.approx(before.threshold)
