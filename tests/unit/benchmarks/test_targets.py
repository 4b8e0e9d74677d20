"""What is asked, beside what was measured."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import peers, quality
from benchmarks.encoders import ENCODERS
from benchmarks.judged import measure
from benchmarks.report import over_streams
from benchmarks.streams import STREAMS
from benchmarks.targets import (
    LEAST_F,
    at_least,
    at_most,
    everywhere,
    f_figures,
    peer_figures,
    targets_table,
)
from tests.unit.benchmarks.toys import stream_of, verdicts_in


def test_a_figure_reaches_what_is_asked() -> None:
    """The bound itself is enough, on either side."""
    assert at_least("F", 0.95, 0.95).reached
    assert not at_least("F", 0.95, 0.9499).reached
    assert at_most("verifications", 6.0, 6.0).reached
    assert not at_most("verifications", 6.0, 6.1).reached


def test_one_stream_that_falls_short_is_named() -> None:
    """The worst of them, and how many do reach it."""
    figure = everywhere("gap", "≤ 0.01", {"a": -0.01, "b": 0.02, "c": 0.03})
    assert (figure.measured, figure.reached) == ("1 of 3; c short by 0.030", False)
    assert everywhere("gap", "≤ 0.01", {"a": 0.0}).measured == "1 of 1"


def test_only_streams_that_were_run_are_asked_about() -> None:
    """A choice of streams is judged on these alone."""
    (figure,) = f_figures("builtin", {"places_pano": 0.99, "unknown": 0.1})
    assert (figure.what, figure.reached) == ("B-cubed F, places_pano", True)


def test_every_encoder_has_targets_on_known_streams() -> None:
    """A misspelt stream would never be asked about."""
    assert set(LEAST_F) == set(ENCODERS)
    streams = {name.partition(":")[0] for asked in LEAST_F.values() for name in asked}
    assert streams <= set(STREAMS)


def test_peers_are_beaten_everywhere_or_often_enough() -> None:
    """The leader on every stream; HDBSCAN on so many development streams, no synthetic one."""
    gains = {
        "leader": {"a": 0.1, "b": -0.0004, "s": 0.0},
        "HDBSCAN": dict.fromkeys("abcdefghs", 0.0) | {"h": -0.2},
    }
    level, often = peer_figures(gains, "abcdefgh")
    assert level.reached
    assert (often.measured, often.reached) == ("7 of 8", False)


def test_the_table_says_no_aloud() -> None:
    """What is missed stands out."""
    text = targets_table([at_least("F", 0.95, 0.5), at_least("F", 0.95, 1.0)])
    assert "| F | ≥ 0.95 | 0.500 | **no** |" in text
    assert "| F | ≥ 0.95 | 1.000 | yes |" in text


@pytest.mark.parametrize("jobs", [1, 2])
def test_streams_are_measured_one_by_one_or_two_at_a_time(jobs: int) -> None:
    """All of them either way; two processes start with the longest streams, the last ones."""
    chosen = Namespace(jobs=jobs, streams=["a", "b", "c"], encoder="builtin", features="sift")
    found = list(over_streams(str.upper, chosen))
    assert found == ["A", "B", "C"][:: 1 if jobs == 1 else -1]


def test_the_report_of_quality_has_all_its_tables(tmp_path: Path) -> None:
    """A part is judged within the whole; stability, cost and starts are those of the stream."""
    whole = stream_of()
    stream = replace(whole, parts={"its half": whole.labels < 2})
    verdicts, _ = verdicts_in(tmp_path)
    measured = [measure(stream, 3, verdicts)]
    rows = list(quality.quality_rows(measured))
    assert [row[:2] for row in rows] == [["toy", "18 / 3"], ["toy: its half", "12 / 2"]]
    assert {len(row) for row in rows} == {len(quality.QUALITY)}
    assert {len(row) for row in quality.gap_rows(measured)} == {len(quality.GAP)}
    assert {len(row) for row in quality.stability_rows(measured)} == {len(quality.STABILITY)}
    assert {len(row) for row in quality.cost_rows(measured)} == {len(quality.COST)}
    text = quality.report("builtin", 3, measured)
    assert text.count("\n### ") == 5
    assert "| shuffles agree | ≥ 0.97, every stream | 1 of 1 | yes |" in text


def test_the_report_of_peers_ends_with_its_targets(tmp_path: Path) -> None:
    """On clear bundles the engine is level with the tuned leader."""
    verdicts, _ = verdicts_in(tmp_path)
    compared = peers.compare(stream_of(), 2, verdicts)
    level, often = peers.figures([compared])
    assert level.reached
    assert often.measured == "0 of 0"
    assert targets_table([level, often]) in peers.report("builtin", 2, [compared])
    assert compared.scores[peers.LINKAGE] == pytest.approx(1.0)
