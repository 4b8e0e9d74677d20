"""How trustworthy a cluster looks from within, without labels: from the spread of its members.

A cluster is `low` where its spread is an outlier above those of the other clusters of the same
result: beyond the median by more than three scaled median absolute deviations, the usual robust
rule (Leys et al., "Detecting outliers", Journal of Experimental Social Psychology 49, 2013).
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Literal, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

Quality: TypeAlias = Literal["high", "low"]
Key = TypeVar("Key", bound=Hashable)

DEVIATIONS = 3.0
MAD_TO_SIGMA = 1.4826  # makes the median absolute deviation of a normal sample its sigma
LEAST_SIGMA = 0.01  # in cosine: where most spreads are equal, less than this is no difference


def spread(vectors: NDArray[np.float32]) -> float:
    """One minus the mean cosine over all pairs of n unit vectors (n, d); 0 for fewer than two."""
    count = len(vectors)
    if count < 2:
        return 0.0
    total = vectors.sum(axis=0, dtype=np.float64)
    pairs = count * (count - 1)
    return 1.0 - (float(total @ total) - count) / pairs


def limit_of(spreads: NDArray[np.float64]) -> float:
    """The spread beyond which a cluster is an outlier among n others; infinite for none."""
    if not spreads.size:
        return float("inf")
    middle = float(np.median(spreads))
    sigma = max(MAD_TO_SIGMA * float(np.median(np.abs(spreads - middle))), LEAST_SIGMA)
    return middle + DEVIATIONS * sigma


def grade(spreads: Mapping[Key, float]) -> dict[Key, Quality]:
    """Quality by cluster, from spread by cluster."""
    limit = limit_of(np.fromiter(spreads.values(), dtype=np.float64))
    return {cluster: "low" if value > limit else "high" for cluster, value in spreads.items()}
