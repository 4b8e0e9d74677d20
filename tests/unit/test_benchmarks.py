"""The pure parts of the benchmarks, on data small enough to work out by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks import peers, quality
from benchmarks.features import KnownVerdicts, Sample
from benchmarks.measures import agreement, alone, average_linkage, bcubed_f
from benchmarks.methods import METHODS, Method, Points, immich, leader
from benchmarks.replay import id_changes, replay
from benchmarks.report import table
from benchmarks.streams import Stream, merged
from benchmarks.synthetic import RECIPES, synthesize, zipf_sizes
from engine.jobs.evaluate import evaluate
from engine.profile import PROFILES
from engine.types import Assigned, Change, Created, Event, Evidence, Merged, Outcome
from tests.builders import features_of, prepared, unit
from tests.fakes import SamePlaceVerifier


def blobs(per: int = 6, groups: int = 3, dim: int = 8) -> tuple[NDArray[np.float32], list[int]]:
    """Tight bundles of unit vectors around the axes, dealt in turn."""
    rng = np.random.default_rng(5)
    truth = [n % groups for n in range(per * groups)]
    rows = np.eye(dim)[truth] + 0.05 * rng.normal(size=(len(truth), dim))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32), truth


def stream_of(profile: str = "object") -> Stream:
    vectors, truth = blobs()
    samples = [
        Sample(f"{n}", f"{label}", vector, features=features_of(label, n))
        for n, (vector, label) in enumerate(zip(vectors, truth, strict=True))
    ]
    return Stream("toy", PROFILES[profile], samples, {})


def verdicts_in(folder: Path) -> tuple[KnownVerdicts, SamePlaceVerifier]:
    verifier = SamePlaceVerifier()
    return KnownVerdicts(verifier, folder / "verdicts.npz"), verifier


def outcome(number: int, *changes: Change) -> Outcome:
    one = prepared(number)
    events = [Event("site", n, change) for n, change in enumerate(changes, start=1)]
    return Outcome(one.image, one.items, tuple(events))


def joined(number: int, cluster_id: str) -> Assigned:
    return Assigned(cluster_id, f"image-{number}#0", 0, True, 1.0, Evidence("assign"))


def test_bcubed_agrees_with_the_projects_own() -> None:
    """The fast measure is the published one, noise included."""
    rng = np.random.default_rng(3)
    truth, found = rng.integers(0, 9, 80), rng.integers(-1, 7, 80)
    expected = evaluate([str(label) for label in truth], found.tolist()).bcubed.f1
    assert bcubed_f(truth, found) == pytest.approx(expected)


def test_noise_stands_alone() -> None:
    """Every sample of noise gets a group that nobody else has."""
    assert alone(np.array([-1, 4, -1, 4])).tolist() == [5, 4, 6, 4]
    assert alone(np.array([-1, -1])).tolist() == [0, 1]


def test_results_agree_up_to_the_names_of_groups() -> None:
    """Numbers of groups mean nothing; two samples of noise are not together."""
    assert agreement([np.array([0, 0, 1, -1]), np.array([7, 7, -1, 2])]) == pytest.approx(1.0)
    assert agreement([np.array([-1, -1]), np.array([0, 0])]) < 1.0
    assert agreement([np.array([0])]) == pytest.approx(1.0)


def test_average_linkage_finds_the_cut_between_bundles() -> None:
    """With the best cut bundles that lie far apart come out whole."""
    vectors, truth = blobs()
    found, cut = average_linkage(vectors, np.array(truth))
    assert bcubed_f(np.array(truth), found) == pytest.approx(1.0)
    assert 0.0 < cut < 1.0


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_every_peer_finds_clear_bundles(method: Method) -> None:
    """A peer with a good setting has no trouble where there is none."""
    vectors, truth = blobs(per=20, dim=4)
    points = Points(vectors, 3)
    found = [bcubed_f(np.array(truth), method.cluster(points, *setting)) for setting in method.grid]
    assert max(found) > 0.95


def test_the_leader_founds_where_nothing_is_near() -> None:
    """One centroid per bundle, numbered as they came."""
    vectors, truth = blobs()
    assert leader(Points(vectors, 3), 0.3).tolist() == truth


def test_immichs_rule_lets_those_with_few_neighbours_wait() -> None:
    """The third of a bundle founds it, the first two join at the end, a stray never does."""
    vectors = np.eye(3, dtype=np.float32)[[0, 0, 1, 0]]
    assert immich(Points(vectors, 2), 0.1).tolist() == [0, 0, -1, 0]


def test_synthetic_streams_repeat_and_differ_by_recipe() -> None:
    """Same seed, same unit vectors; a tenth stands alone; sizes fall and sum up."""
    vectors, labels = synthesize(RECIPES["standard"], 400)
    assert np.array_equal(vectors, synthesize(RECIPES["standard"], 400)[0])
    assert not np.array_equal(vectors, synthesize(RECIPES["heavy"], 400)[0])
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(400), abs=1e-5)
    assert (np.bincount(labels) == 1).sum() == 40
    assert sum(zipf_sizes(360, 20)) == 360
    assert min(zipf_sizes(360, 20)) >= 2


def test_sets_merge_by_time_and_keep_their_labels_apart() -> None:
    """Equal labels of two sets are two groups, but for the one place they share."""
    early, late, timeless = (Sample(name, "a", unit(1)) for name in ("x", "y", "z"))
    early, late = replace(early, captured_at=1.0), replace(late, captured_at=2.0)
    shared = replace(timeless, label="yosemite_monstree")
    stream = merged({"one": [timeless, late], "two": [shared, early]})
    assert [sample.name for sample in stream] == ["two/x", "one/y", "one/z", "two/z"]
    assert [sample.label for sample in stream] == ["two/a", "one/a", "one/a", "yosemite_monstree"]


def test_a_verdict_is_asked_for_once(tmp_path: Path) -> None:
    """Either order, this run or a later one: the verifier sees a pair once."""
    one, other = (Sample(f"{n}", "a", unit(n), features=features_of(7, n)) for n in (1, 2))
    assert one.features is not None
    assert other.features is not None
    verdicts, verifier = verdicts_in(tmp_path)
    verdicts.introduce([one, other])
    first = verdicts.verify(one.features, other.features)
    assert verdicts.verify(other.features, one.features) == first
    assert (verdicts.calls, verifier.calls) == (2, 1)
    verdicts.save()
    later, untouched = verdicts_in(tmp_path)
    later.introduce([one, other])
    assert later.verify(one.features, other.features) == first
    assert untouched.calls == 0


def test_ids_that_change_are_counted_by_cause() -> None:
    """A merger renames and redirects; who was in a merger on arrival has the later id at once."""
    outcomes = [
        outcome(1, Created("a", "image-1#0"), joined(1, "a")),
        outcome(2, Created("b", "image-2#0"), joined(2, "b")),
        outcome(3, joined(3, "b"), Merged("a", "b")),
    ]
    assert id_changes(outcomes) == ([False, True, False], [False, False, False])


@pytest.mark.parametrize("profile", ["object", "place"])
def test_a_replay_reports_in_the_streams_own_order(profile: str, tmp_path: Path) -> None:
    """Whatever the order of arrival, groups lie beside the labels they are judged with."""
    stream = stream_of(profile)
    verdicts, _ = verdicts_in(tmp_path)
    for seed in (0, 1):
        done = replay(stream, stream.order(seed), verdicts)
        assert bcubed_f(stream.labels, done.groups) == pytest.approx(1.0)
        assert (done.verifications > 0) == (profile == "place")
        assert (done.seconds >= 0).all()
        assert not done.moved.any()


def test_reports_have_a_row_per_stream_and_part(tmp_path: Path) -> None:
    """A part is judged within the whole; costs are told for the stream alone."""
    whole = stream_of()
    stream = replace(whole, parts={"its half": whole.labels < 2})
    verdicts, _ = verdicts_in(tmp_path)
    measured = quality.measure(stream, 3, verdicts)
    rows = list(quality.quality_rows([measured]))
    assert [row[:2] for row in rows] == [["toy", "18 / 3"], ["toy: its half", "12 / 2"]]
    assert {len(row) for row in rows} == {len(quality.QUALITY)}
    assert len(next(quality.cost_rows([measured]))) == len(quality.COST)


def test_peers_are_compared_on_equal_terms(tmp_path: Path) -> None:
    """Where all find everything, all are at one and the engine is level with each."""
    verdicts, _ = verdicts_in(tmp_path)
    compared = peers.compare(stream_of(), 2, verdicts)
    assert compared.scores[peers.OURS] == pytest.approx(1.0)
    assert compared.scores["leader"] == pytest.approx(1.0)
    level = {row[0]: row[1] for row in peers.duel_rows([compared])}
    assert level["leader"] == "1 of 1"
    assert len(next(peers.score_rows([compared]))) == 1 + len(peers.NAMES)


def test_tables_are_markdown() -> None:
    """Header, rule, rows; numbers to the right."""
    assert table(("a", "b"), [["x", "1"]]) == "| a | b |\n| --- | ---: |\n| x | 1 |"
