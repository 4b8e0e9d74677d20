"""The benchmark of the read model runs, on a stream that the view takes whole."""

from __future__ import annotations

from pathlib import Path

from benchmarks import api
from benchmarks.view import SCOPE, Stream, fill, measure
from exporters.view.opening import open_view
from tests.view.kit import IDENTITY


def test_the_made_up_stream_is_one_that_an_engine_could_tell(tmp_path: Path) -> None:
    """Every photo lies on a cluster, and some were merged."""
    view = open_view(f"sqlite:///{tmp_path / 'view.sqlite'}", IDENTITY)
    fill(view, Stream(300, 8).told())
    counts = view.counts(SCOPE)
    assert counts.items == 300
    assert all(counts.clusters.values())
    view.close()


def test_a_served_view_is_measured(tmp_path: Path) -> None:
    """Over HTTP, by a server of its own; every event arrives."""
    figures, answers = api.measure(f"sqlite:///{tmp_path / 'view.sqlite'}", 300, 8, late=3)
    assert [figure.what.split(",")[0] for figure in figures] == [
        *("list of clusters", "items like an item", "recall@10", "event to listener")
    ]
    assert figures[2].reached
    assert "| map |" in answers


def test_figures_are_measured(tmp_path: Path) -> None:
    """All of them, and exact search finds everything."""
    figures, row = measure(f"sqlite:///{tmp_path / 'view.sqlite'}", 300, 8, "sqlite")
    assert [figure.what.split(": ")[1].split(",")[0] for figure in figures] == [
        *("outcomes applied a second", "list of clusters", "nearest items", "recall@10")
    ]
    assert figures[-1].reached
    assert len(row) == 9
