"""Cold starts: what the result looks like when only a few photos have arrived."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks.measures import Groups, alone, bcubed_f


@dataclass(frozen=True, slots=True)
class Shape:
    """How a grouping looks: clusters of two or more, share of the largest, share on their own."""

    clusters: int
    largest: float
    singles: float


@dataclass(frozen=True, slots=True)
class Start:
    """A result on the first photos of a stream, beside the truth about these alone.

    giant: more than half of them on one cluster, though no label has half of them.
    scattered: all on their own, though at least half have as many fellows among them as the
    profile needs to confirm a cluster.
    """

    photos: int
    score: float
    found: Shape
    true: Shape
    giant: bool
    scattered: bool

    @property
    def absurd(self) -> bool:
        """Not to be shown to anybody."""
        return self.giant or self.scattered


def shape(groups: Groups) -> Shape:
    """The shape of groups (n,), -1 standing alone."""
    sizes = np.unique(alone(groups), return_counts=True)[1]
    singles = int((sizes == 1).sum())
    return Shape(len(sizes) - singles, float(sizes.max() / sizes.sum()), singles / len(groups))


def start(truth: Groups, groups: Groups, min_size: int) -> Start:
    """Judge the groups (n,) of the first n photos."""
    found, true = shape(groups), shape(truth)
    sizes = np.unique(truth, return_counts=True)[1]
    confirmable = sizes[sizes >= min_size].sum() / len(truth)
    return Start(
        photos=len(truth),
        score=bcubed_f(truth, groups),
        found=found,
        true=true,
        giant=found.largest > 0.5 > true.largest,
        scattered=found.clusters == 0 and confirmable >= 0.5,
    )
