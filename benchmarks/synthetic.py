"""Streams of made-up vectors whose truth is known: how the engine fares without any encoder.

Points lie in 64 of 512 dimensions with a falling spectrum, off to one side of the sphere as
embeddings of real networks are. Clusters have sizes after Zipf and siblings (25 groups of near
centres), some have several lobes, and a tenth of the points stand alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_DIM, _LATENT, _FAMILIES = 512, 64, 25
_ALONE = 0.1
_LEAST_SCALE, _GREATEST_SCALE = 0.3, 0.9


@dataclass(frozen=True, slots=True)
class Recipe:
    """How hard a stream is.

    scale, scale_sigma: median and log-normal sigma of the clusters' widths.
    lobed: share of the clusters that have two to four lobes; reach: how far lobes lie off.
    freedom: degrees of freedom of Student's t where tails are heavy and each cluster has a
    shape of its own; None for normal ones.
    """

    scale: float = 0.55
    scale_sigma: float = 0.25
    lobed: float = 0.3
    reach: tuple[float, float] = (0.3, 0.6)
    freedom: float | None = None


RECIPES = {
    "standard": Recipe(),
    "hard": Recipe(scale=0.65, scale_sigma=0.3, lobed=0.6, reach=(0.5, 0.9)),
    "heavy": Recipe(freedom=4.0),
}


def synthesize(
    recipe: Recipe, points: int, seed: int = 0
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Unit vectors (points, 512) in random order, and the cluster of each; 20 points a cluster."""
    rng = np.random.default_rng(seed)
    alone = int(points * _ALONE)
    sizes = zipf_sizes(points - alone, points // 20)
    families = rng.normal(size=(_FAMILIES, _LATENT))
    centres = _centres(rng, families, len(sizes))
    scales = recipe.scale * np.exp(recipe.scale_sigma * rng.normal(size=len(sizes)))
    scales = np.clip(scales, _LEAST_SCALE, _GREATEST_SCALE)
    parts = [
        centre + _lobes(rng, recipe, size) + scale * _deviations(rng, recipe, size)
        for centre, size, scale in zip(centres, sizes, scales, strict=True)
    ]
    strays = _centres(rng, families, alone) + 0.5 * rng.normal(size=(alone, _LATENT))
    labels = np.arange(len(sizes) + alone).repeat([*sizes, *[1] * alone])
    order = rng.permutation(points)
    return _embedded(rng, np.concatenate([*parts, strays]))[order], labels[order]


def zipf_sizes(points: int, clusters: int) -> list[int]:
    """Sizes of two or more that fall as 1/rank and sum to `points`."""
    shares = 1 / np.arange(1, clusters + 1)
    sizes = np.maximum(2, np.floor(shares / shares.sum() * (points - 2 * clusters)) + 2)
    sizes[0] += points - sizes.sum()
    return [int(size) for size in sizes]


def _centres(rng: np.random.Generator, families: Floats, count: int) -> Floats:
    own = rng.normal(size=(count, _LATENT))
    return np.asarray(0.5 * families[rng.integers(0, _FAMILIES, count)] + 0.87 * own)


def _lobes(rng: np.random.Generator, recipe: Recipe, size: int) -> Floats:
    """The offset of each point's lobe, (size, latent)."""
    if rng.random() > recipe.lobed:
        return np.zeros((size, _LATENT))
    count = int(rng.integers(2, 5))
    offsets = rng.normal(size=(count, _LATENT)) * rng.uniform(*recipe.reach)
    return np.asarray(offsets[rng.integers(0, count, size)])


def _deviations(rng: np.random.Generator, recipe: Recipe, size: int) -> Floats:
    deviations = rng.normal(size=(size, _LATENT))
    if recipe.freedom is None:
        return deviations
    tails = np.sqrt(rng.chisquare(recipe.freedom, size=(size, 1)) / recipe.freedom)
    shape = 0.8 * np.exp(0.4 * rng.normal(size=_LATENT))
    return np.asarray(deviations / tails * shape)


def _embedded(rng: np.random.Generator, latent: Floats) -> NDArray[np.float32]:
    """Lay latent points onto the unit sphere of 512 dimensions, all on one side of it."""
    spectrum = (1 + np.arange(_LATENT)) ** -0.3
    points = _unit(latent * spectrum / np.sqrt((spectrum**2).mean()))
    points += 0.7 * _unit(rng.normal(size=(1, _LATENT)))
    basis = np.linalg.qr(rng.normal(size=(_DIM, _LATENT)))[0]
    noise = 0.01 * rng.normal(size=(len(points), _DIM))
    return _unit(points @ basis.T + noise).astype(np.float32)


def _unit(rows: Floats) -> Floats:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True))
