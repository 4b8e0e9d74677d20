"""Clustering at once on the engine's own scores."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.measures import bcubed_f
from benchmarks.offline import Links, linked, neighbours, offline
from engine.profile import PROFILES
from engine.types import GeoPoint
from tests.unit.benchmarks.toys import stream_of, verdicts_in

PLACE = PROFILES["place"]


@pytest.mark.parametrize("profile", ["object", "place"])
def test_clear_bundles_are_found_at_once(profile: str, tmp_path: Path) -> None:
    """At the engine's threshold and at the best one, by cosine and by geometry."""
    stream = stream_of(profile)
    verdicts, _ = verdicts_in(tmp_path)
    found = offline(stream, [0.5, 0.6], verdicts)
    assert len(found.own) == 2
    for groups in (*found.own, found.best):
        assert bcubed_f(stream.labels, groups) == pytest.approx(1.0)


def test_every_threshold_cuts_for_itself(tmp_path: Path) -> None:
    """Orders of arrival end with different thresholds; nothing joins at identity alone."""
    stream = stream_of()
    verdicts, _ = verdicts_in(tmp_path)
    coarse, fine = offline(stream, [0.5, 1.0], verdicts).own
    assert (len(set(coarse.tolist())), len(set(fine.tolist()))) == (3, len(stream.samples))


def test_links_confirm_as_the_profile_says() -> None:
    """Three make a cluster, two only where they are certain, and weak links none at all."""
    pairs = np.array([[0, 1], [1, 2], [3, 4], [5, 6], [7, 8]])
    links = Links(9, pairs, np.array([0.2, 0.2, 1.0, 0.4, -0.1]))
    groups = links.confirmed(PLACE)
    assert groups[0] == groups[1] == groups[2] != groups[3]
    assert groups[3] == groups[4] != -1
    assert groups[5:].tolist() == [-1] * 4


def test_pairs_of_neighbours_come_once() -> None:
    """Whoever names the other; nobody is a neighbour of oneself."""
    vectors = np.array([[1, 0], [0.9, 0.1], [0, 1]], np.float32)
    assert list(neighbours(vectors, 1)) == [(0, 1), (1, 2)]
    assert list(neighbours(vectors, 20)) == [(0, 1), (0, 2), (1, 2)]


def test_photos_far_apart_are_not_verified(tmp_path: Path) -> None:
    """What GPS excludes online it excludes offline."""
    stream = stream_of("place")
    here, there = GeoPoint(10.0, 20.0), GeoPoint(11.0, 20.0)
    samples = [
        replace(sample, location=here if n < 9 else there)
        for n, sample in enumerate(stream.samples)
    ]
    verdicts, _ = verdicts_in(tmp_path)
    links = linked(replace(stream, samples=samples), verdicts)
    assert ((links.pairs < 9).sum(axis=1) != 1).all()
