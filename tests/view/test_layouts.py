"""The map by neighbourhoods, where UMAP is installed."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.errors import Misconfigured
from exporters.view.layout import FEWEST, lay_out, lay_out_neighbours, layout_named
from exporters.view.opening import open_view
from exporters.view.port import View
from tests.view.kit import IDENTITY, Album, Feed

GROUPS = 6
needs_umap = pytest.mark.skipif(find_spec("umap") is None, reason="umap-learn is not installed")


def groups(each: int) -> NDArray[np.float32]:
    """Unit vectors around a few directions, group by group."""
    rng = np.random.default_rng(3)
    centres = rng.normal(size=(GROUPS, 32))
    rows = np.repeat(centres, each, axis=0) + 0.3 * rng.normal(size=(GROUPS * each, 32))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def test_axes_unless_neighbours_are_wanted() -> None:
    """They need nothing."""
    assert layout_named("pca") is lay_out


@pytest.mark.skipif(find_spec("umap") is not None, reason="umap-learn is installed")
def test_neighbours_that_cannot_be_had() -> None:
    """It says what to install."""
    with pytest.raises(Misconfigured, match=r"imagecairn\[umap\]"):
        layout_named("umap")


def test_a_view_draws_as_it_was_opened(tmp_path: Path, album: Album) -> None:
    """By the layout that it was given."""
    url = f"sqlite:///{tmp_path}/view.db"
    view: View = open_view(url, IDENTITY, layout=lambda vectors: np.full((len(vectors), 3), 0.5))
    Feed(view).tell(album.photo("a", "c"), album.photo("b", "d"))
    view.refresh("site")
    points = view.points("site")
    view.close()
    assert points.x.tolist() == points.z.tolist() == [0.5, 0.5]


@pytest.mark.parametrize("kinds", [0, 1, 2, FEWEST - 1])
def test_items_that_are_the_same_are_no_neighbourhood(kinds: int) -> None:
    """However many there are: along axes they lie somewhere, and UMAP is not even asked."""
    vectors = np.repeat(np.eye(FEWEST, dtype=np.float32)[:kinds], 5000 // max(kinds, 1), axis=0)
    laid = lay_out_neighbours(vectors)
    assert np.isfinite(laid).all()
    assert np.array_equal(laid, lay_out(vectors))


@needs_umap
@pytest.mark.filterwarnings("ignore")
def test_neighbours_of_crowds_that_are_the_same_lie_somewhere() -> None:
    """Also where each is as near as a hundred others."""
    laid = lay_out_neighbours(np.repeat(groups(each=FEWEST // GROUPS), 20, axis=0))
    assert np.isfinite(laid).all()
    assert np.abs(laid).max() <= 1 + 1e-9


@needs_umap
@pytest.mark.filterwarnings("ignore")
def test_neighbours_lie_together() -> None:
    """Within bounds, alike every time, also those that are not of the sample."""
    vectors = groups(each=40)
    layout = layout_named("umap")
    laid = layout(vectors)
    assert laid.shape == (len(vectors), 3)
    assert np.abs(laid).max() <= 1 + 1e-9
    assert np.array_equal(laid, layout(vectors))
    away = np.linalg.norm(laid[:, None] - laid[None], axis=2)
    np.fill_diagonal(away, np.inf)
    group = np.arange(len(vectors)) // 40
    assert (group[away.argmin(axis=1)] == group).mean() > 0.95


@needs_umap
def test_few_items_are_laid_out_along_axes() -> None:
    """Neighbourhoods say nothing of so few."""
    vectors = groups(each=2)
    assert len(vectors) < FEWEST
    assert np.array_equal(layout_named("umap")(vectors), lay_out(vectors))
