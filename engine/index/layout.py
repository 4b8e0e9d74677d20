"""The memory of an hnswlib graph as arrays: whether a graph can look so, and what to blank in it.

hnswlib follows the links it is given wherever they point. So every one is looked at before.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.neighbours import BadDump

_MOST_LEVELS = 64


def bottom_of(dim: int, links: int) -> np.dtype[Any]:
    """A node: its links on level 0, whether it is dead, its vector, its number."""
    return np.dtype(
        [
            *(("count", "<u2"), ("dead", "u1"), ("_", "u1"), ("links", "<u4", (2 * links,))),
            *(("vector", "<f4", (dim,)), ("number", "<u8")),
        ]
    )


def upper_of(links: int) -> np.dtype[Any]:
    """The links of a node on one of the levels above."""
    return np.dtype([("count", "<u4"), ("links", "<u4", (links,))])


def check_graph(
    bottom: NDArray[Any], upper: NDArray[Any], levels: NDArray[np.int32], entry: int
) -> None:
    """Raise BadDump unless every link leads to a node of its level, and all else fits.

    bottom: `bottom_of`, one a node. upper: `upper_of`, the levels of a node one after the other.
    levels: the highest of each node. entry: where searches begin.
    """
    nodes = len(bottom)
    sound = (
        len(levels) == nodes > entry >= 0
        and levels.min() >= 0
        and levels.max() < _MOST_LEVELS
        and levels[entry] == levels.max()
        and len(upper) == levels.sum()
        and np.array_equal(bottom["number"], np.arange(nodes))
        and np.isfinite(bottom["vector"]).all()
        and _lead_somewhere(bottom, np.zeros(nodes, np.int32), levels)
        and _lead_somewhere(upper, _level_of_each(levels), levels)
    )
    if not sound:
        raise BadDump("the links of a graph lead nowhere, or its parts do not fit")


def _level_of_each(levels: NDArray[np.int32]) -> NDArray[np.int32]:
    """Levels of the rows above the lowest: 1, 2, ... for each node that has them."""
    firsts = np.repeat(np.cumsum(levels) - levels, levels)
    return (np.arange(len(firsts)) - firsts + 1).astype(np.int32)


def _lead_somewhere(
    rows: NDArray[Any], level: NDArray[np.int32], levels: NDArray[np.int32]
) -> bool:
    """Whether each row has no more links than fit, all of them to nodes that are on its level."""
    links, counts = rows["links"], rows["count"]
    if (counts > links.shape[1]).any():
        return False
    used = np.arange(links.shape[1]) < counts[:, None]
    targets, below = links[used], np.repeat(level, counts)
    return bool((targets < len(levels)).all() and (levels[targets] >= below).all())


def blank_dead(bottom: NDArray[Any]) -> None:
    """Give every dead node the vector of a living neighbour, zeros where it has none.

    Searches still find their way through it, and what it was is gone.
    """
    dead = np.flatnonzero(bottom["dead"])
    links, alive = bottom["links"][dead], bottom["dead"] == 0
    used = np.arange(links.shape[1]) < bottom["count"][dead][:, None]
    living = alive[links] & used
    nearest = links[np.arange(len(dead)), living.argmax(axis=1)]
    vectors = bottom["vector"][nearest]
    bottom["vector"][dead] = np.where(living.any(axis=1)[:, None], vectors, 0)
