"""The pure parts of the benchmarks, on data small enough to work out by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.cluster.hierarchy import linkage
from scipy.spatial.distance import pdist

from benchmarks import peers
from benchmarks.features import Sample
from benchmarks.measures import agreement, alone, average_linkage, bcubed_f, best_cut, cut
from benchmarks.methods import METHODS, Method, Points, immich, leader
from benchmarks.replay import replay
from benchmarks.report import table
from benchmarks.streams import merged
from benchmarks.synthetic import RECIPES, synthesize, zipf_sizes
from engine.jobs.evaluate import evaluate
from tests.builders import features_of, unit
from tests.unit.benchmarks.toys import blobs, stream_of, verdicts_in


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
    """Bundles that lie far apart come out whole at a cut between, and at the best one."""
    vectors, truth = blobs()
    tree = average_linkage(vectors)
    assert bcubed_f(np.array(truth), cut(tree, 0.5)) == pytest.approx(1.0)
    assert bcubed_f(np.array(truth), best_cut(tree, np.array(truth))) == pytest.approx(1.0)
    assert len(set(cut(tree, 0.0).tolist())) == len(truth)


def test_the_tree_is_that_of_scipys_own_distances() -> None:
    """Matrix products in blocks give the distances of all pairs, in scipy's order."""
    vectors = np.stack([unit(n) for n in range(600)])
    expected = linkage(pdist(vectors, "cosine"), "average")
    assert average_linkage(vectors)[:, 2] == pytest.approx(expected[:, 2], abs=1e-6)


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


def test_two_runs_keep_the_verdicts_of_both(tmp_path: Path) -> None:
    """Who saves last keeps what another run wrote meanwhile."""
    samples = [Sample(f"{n}", "a", unit(n), features=features_of(7, n)) for n in range(3)]
    first, second, third = (sample.features for sample in samples)
    assert first is not None
    assert second is not None
    assert third is not None
    runs = [verdicts_in(tmp_path)[0] for _ in range(2)]
    for run, other in zip(runs, (second, third), strict=True):
        run.introduce(samples)
        run.verify(first, other)
    for run in runs:
        run.save()
    later, untouched = verdicts_in(tmp_path)
    later.introduce(samples)
    later.verify(first, second)
    later.verify(first, third)
    assert untouched.calls == 0


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
        assert (done.waited == 0).tolist() == (~done.renamed).tolist()
        arrived, groups = done.starts[10]
        assert arrived.tolist() == stream.order(seed)[:10].tolist()
        assert bcubed_f(stream.labels[arrived], groups) > 0.5


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
