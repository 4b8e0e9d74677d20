"""Where items lie on the map: axes or neighbourhoods of a sample, in which all are laid out.

Every layout maps n vectors (n, d) to points (n, 3) within [-1, 1]; the same ones always alike.
Both look at a sample only: all vectors at once would take too long for a live view.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from engine.errors import Misconfigured

Layout: TypeAlias = Callable[[NDArray[np.float32]], NDArray[np.float64]]
LayoutName: TypeAlias = Literal["pca", "umap"]

AXES = 3
SAMPLE = 10_000
NEIGHBOUR_SAMPLE = 4000
"""Of UMAP, which works about twenty seconds on so many."""
NEIGHBOURS = 15
FEWEST = 4 * NEIGHBOURS
"""Items, no two the same, from which on neighbourhoods say more than axes."""
SEED = 20_180_209


def layout_named(name: LayoutName) -> Layout:
    """How to lay out; raises Misconfigured where UMAP is wanted and not installed."""
    if name == "pca":
        return lay_out
    try:
        import umap  # noqa: F401, PLC0415  # of the extra `umap`
    except ImportError as error:
        advice = "pip install 'imagecairn[umap]', or set it to pca"
        raise Misconfigured(f"serve.map = 'umap' needs {error.name}: {advice}") from error
    return lay_out_neighbours


def lay_out_neighbours(vectors: NDArray[np.float32]) -> NDArray[np.float64]:
    """UMAP of a sample, begun at its principal axes; the rest comes to lie among its neighbours.

    McInnes, Healy and Melville, "UMAP: Uniform Manifold Approximation and Projection for
    Dimension Reduction", arXiv:1802.03426, 2018.
    """
    step = max(1, -(-len(vectors) // NEIGHBOUR_SAMPLE))
    sample = vectors[::step]
    if len(np.unique(sample, axis=0)) < FEWEST:
        return lay_out(vectors)
    from umap import UMAP  # noqa: PLC0415  # takes seconds

    start = (10 * lay_out(sample)).astype(np.float32)
    model = UMAP(
        n_components=AXES,
        n_neighbors=NEIGHBOURS,
        metric="cosine",
        init=start,
        random_state=SEED,
        n_jobs=1,
    ).fit(sample)
    points = np.empty((len(vectors), AXES))
    points[::step] = model.embedding_
    rest = np.arange(len(vectors)) % step != 0
    if rest.any():
        points[rest] = model.transform(vectors[rest])
    return _bounded(points) if np.isfinite(points).all() else lay_out(vectors)


def _bounded(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Shifted and scaled to lie within [-1, 1]."""
    low, high = points.min(axis=0), points.max(axis=0)
    centred = points - (low + high) / 2
    return np.asarray(centred / max(float(np.abs(centred).max()), 1e-9), np.float64)


def lay_out(vectors: NDArray[np.float32]) -> NDArray[np.float64]:
    """Principal axes of a sample."""
    points = np.zeros((len(vectors), AXES))
    if not vectors.size:
        return points
    sample = vectors[:: -(-len(vectors) // SAMPLE)]
    centre = sample.mean(axis=0, dtype=np.float64)
    away = sample.astype(np.float64) - centre
    weights, directions = np.linalg.eigh(away.T @ away)
    axes = directions[:, np.argsort(-weights)[:AXES]]
    largest = np.abs(axes).argmax(axis=0)
    axes = axes * np.where(axes[largest, np.arange(axes.shape[1])] < 0, -1.0, 1.0)
    points[:, : axes.shape[1]] = vectors @ axes - centre @ axes
    reach = float(np.abs(points).max())
    if reach <= float(np.abs(vectors).max()) * np.finfo(np.float32).eps:
        return np.zeros_like(points)
    return points / reach


def alike(
    means: NDArray[np.float32], most: int, apart: Collection[Sequence[int]] = ()
) -> list[tuple[int, int, float]]:
    """Pairs of rows (n, d) of unit length, most alike first: places and cosine.

    Only those of which each is among the other's `CLOSEST`: what lies in a crowd is like many.
    apart: pairs of places that are not to be found, and crowd nobody out.
    """
    ones, others = _both_ways(apart)
    closest = min(CLOSEST, len(means) - 1)
    near = np.zeros((len(means), closest), np.int64)
    cosine = np.zeros((len(means), closest))
    for start in range(0, len(means), _BLOCK):
        block = means[start : start + _BLOCK] @ means.T
        rows = np.arange(len(block))
        block[rows, start + rows] = -np.inf
        here = (ones >= start) & (ones < start + len(block))
        block[ones[here] - start, others[here]] = -np.inf
        best = np.argsort(-block, axis=1, kind="stable")[:, :closest]
        near[start : start + len(block)] = best
        cosine[start : start + len(block)] = np.take_along_axis(block, best, axis=1)
    found = [
        (one, int(other), float(cosine[one, place]))
        for one in range(len(means))
        for place, other in enumerate(near[one])
        if one < other and one in near[other] and cosine[one, place] > -np.inf
    ]
    return sorted(found, key=lambda pair: -pair[2])[:most]


def _both_ways(pairs: Collection[Sequence[int]]) -> NDArray[np.int64]:
    """Their rows and columns in a matrix (2, n)."""
    found = np.asarray([*pairs], np.int64).reshape(-1, 2)
    return np.concatenate((found, found[:, ::-1])).T


CLOSEST = 2
_BLOCK = 512
