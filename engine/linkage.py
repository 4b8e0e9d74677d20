"""Average linkage: which piles are one, judged by the mean similarity between their members.

From the sums of two piles follows the exact mean over all pairs of their members, so a lobe of a
hundred photos costs what one photo costs, and the order of mergers inside a lobe leaves no trace.
The agglomeration is the generic one with cached row maxima (Muellner 2011, "Modern hierarchical,
agglomerative clustering algorithms", section 3.1): average linkage is reducible, so a merger
never brings two others closer, and only rows that pointed at the merged pair are searched anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Merger:
    """`absorbed` joins `kept`; similarity: the mean between the members of the two."""

    kept: int
    absorbed: int
    similarity: float


def mergers(similarity: Floats, counts: Floats, least: float = -np.inf) -> Iterator[Merger]:
    """Agglomerate m piles, most similar first, until no two are as similar as `least`.

    similarity: (m, m), symmetric, mean similarity between members; -inf between two piles that
    must stay apart keeps any two groups apart that hold them. counts: (m,) members of each.
    Ties go to the pile that comes first.
    """
    links, sizes = similarity.copy(), counts.astype(np.float64)
    np.fill_diagonal(links, -np.inf)
    nearest = links.argmax(axis=1)
    best = links[np.arange(len(links)), nearest]
    for _ in range(len(links) - 1):
        kept = int(best.argmax())
        absorbed = int(nearest[kept])
        if not best[kept] >= least or best[kept] == -np.inf:
            return
        yield Merger(kept, absorbed, float(best[kept]))
        stale = np.flatnonzero((nearest == kept) | (nearest == absorbed))
        _absorb(links, sizes, kept, absorbed)
        nearest[stale] = links[stale].argmax(axis=1)
        best[stale] = links[stale, nearest[stale]]
        best[absorbed] = -np.inf


def _absorb(links: Floats, sizes: Floats, kept: int, absorbed: int) -> None:
    """Lance and Williams' update for average linkage; the absorbed row leaves the game."""
    total = sizes[kept] + sizes[absorbed]
    row = (sizes[kept] * links[kept] + sizes[absorbed] * links[absorbed]) / total
    links[kept] = links[:, kept] = row
    links[absorbed] = links[:, absorbed] = -np.inf
    links[kept, kept] = -np.inf
    sizes[kept] = total


def groups(count: int, tree: Sequence[Merger]) -> Ints:
    """The group of each of `count` piles after these mergers, named by the pile that kept it."""
    label = np.arange(count)
    for merger in tree:
        label[label == merger.absorbed] = merger.kept
    return label


def fusions(means: Floats, counts: Floats) -> Iterator[tuple[int, int]]:
    """Pairs (kept, absorbed) of m piles, first those whose members lose least (Ward 1963).

    means: (m, d) of the members' vectors. counts: (m,) members of each. The larger pile is kept,
    of two equals the first.
    """
    sizes, squares = counts.astype(np.float64), (means**2).sum(axis=1)
    squared = np.maximum(squares[:, None] + squares - 2.0 * means @ means.T, 0.0)
    losses = squared * sizes[:, None] * sizes / (sizes[:, None] + sizes)
    np.fill_diagonal(losses, np.inf)
    for _ in range(len(sizes) - 1):
        pair = divmod(int(losses.argmin()), len(sizes))
        kept, absorbed = sorted(pair, key=lambda pile: (-sizes[pile], pile))
        yield kept, absorbed
        _fuse(losses, sizes, kept, absorbed)


def _fuse(losses: Floats, sizes: Floats, kept: int, absorbed: int) -> None:
    """Lance and Williams' update for Ward's criterion; the absorbed row leaves the game."""
    row = (sizes[kept] + sizes) * losses[kept] + (sizes[absorbed] + sizes) * losses[absorbed]
    row -= sizes * losses[kept, absorbed]
    losses[kept] = losses[:, kept] = row / (sizes[kept] + sizes[absorbed] + sizes)
    losses[absorbed] = losses[:, absorbed] = np.inf
    sizes[kept] += sizes[absorbed]
