"""What is said of a result on the first few photos."""

from __future__ import annotations

import numpy as np

from benchmarks.cold import Start, shape, start
from benchmarks.features import Sample
from benchmarks.starts import START, start_figures, start_rows
from benchmarks.streams import THIRTY, THIRTY_OF_FIVE, thirty
from tests.builders import unit

FIVE_OF_TWO = np.arange(10) // 2
ALL_ALONE = np.full(10, -1)
ALL_ONE = np.zeros(10, np.int64)


def test_the_shape_counts_noise_as_photos_on_their_own() -> None:
    """Three on one cluster, the rest alone, whatever says so."""
    found = shape(np.array([7, 7, 7, -1, -1, 3]))
    assert (found.clusters, found.largest, found.singles) == (1, 0.5, 0.5)


def test_one_cluster_of_all_is_absurd_where_there_are_several() -> None:
    """But not where half of the photos or more do show one thing."""
    assert start(FIVE_OF_TWO, ALL_ONE, 2).giant
    assert not start(np.array([0] * 5 + [1] * 5), ALL_ONE, 2).giant
    assert not start(ALL_ONE, ALL_ONE, 2).giant


def test_all_alone_is_absurd_where_clusters_could_be() -> None:
    """But not where hardly any photo has as many fellows as confirm a cluster."""
    assert start(FIVE_OF_TWO, ALL_ALONE, 2).scattered
    assert not start(FIVE_OF_TWO, ALL_ALONE, 3).scattered
    assert not start(FIVE_OF_TWO, np.array([0, 0, *[-1] * 8]), 2).scattered


def test_absurd_starts_miss_the_target() -> None:
    """Every order counts, by the number of photos; the one asked for by name is told apart."""
    fine, absurd = start(FIVE_OF_TWO, FIVE_OF_TWO, 2), start(FIVE_OF_TWO, ALL_ALONE, 2)
    starts = {"toy": {10: [fine, absurd]}, THIRTY: {10: [fine], 30: [fine]}}
    figures = list(start_figures(starts))
    assert [figure.reached for figure in figures] == [False, True, True, True]
    assert figures[0].measured == "1 of 3; most in toy"


def test_starts_have_a_row_for_every_count() -> None:
    """Flags are told only where they are up."""
    begun: list[Start] = [start(FIVE_OF_TWO, ALL_ALONE, 2), start(FIVE_OF_TWO, ALL_ONE, 2)]
    (row,) = start_rows("toy", {10: begun})
    assert len(row) == len(START)
    assert row[-2:] == ["**1 of 2**", "**1 of 2**"]


def test_thirty_photos_of_five_places() -> None:
    """The first six of each chosen place, and nothing else."""
    places = [f"{name}/{place}" for name, chosen in THIRTY_OF_FIVE.items() for place in chosen]
    labels = [label for label in [*places, "places_pano/other"] for _ in range(8)]
    samples = [Sample(f"{n}", label, unit(1)) for n, label in enumerate(labels)]
    found = thirty(samples)
    assert [sample.label for sample in found] == [label for label in places for _ in range(6)]
    assert found[0].name == "0"
