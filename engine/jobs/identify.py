"""Find a target from a few examples among stored embeddings: where else is that person."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.errors import Misconfigured

LEAST_OTHERS = 10
"""Items that a machine needs to learn from what the target does not look like."""
_MOST_OTHERS = 2000
_MAYBE_TARGETS = 0.1


def by_cosine(examples: NDArray[np.float32], gallery: NDArray[np.float32]) -> NDArray[np.float64]:
    """Cosine of n unit rows (n, d) to the mean direction of m example rows (m, d); shape (n,)."""
    target = examples.astype(np.float64).sum(axis=0)
    return np.asarray(gallery @ (target / max(float(np.linalg.norm(target)), 1e-12)), np.float64)


def by_svm(examples: NDArray[np.float32], gallery: NDArray[np.float32]) -> NDArray[np.float64]:
    """Distance of n unit rows (n, d) to the plane that parts examples (m, d) from others; (n,).

    Positive: on the side of the examples. A linear support vector machine with balanced classes
    (Malisiewicz, Gupta, Efros, "Ensemble of exemplar-SVMs", ICCV 2011). The others are the rows
    of the gallery itself, but for the tenth nearest to the examples: these may be the target.
    Raises Misconfigured where there are too few of them.
    """
    if len(gallery) < LEAST_OTHERS:
        raise Misconfigured(
            f"an SVM learns from at least {LEAST_OTHERS} items besides the examples, and there "
            f"are {len(gallery)}: compare by cosine"
        )
    from sklearn.svm import SVC  # noqa: PLC0415  half a second that no other command needs

    others = gallery[_others(by_cosine(examples, gallery))]
    rows = np.concatenate([examples, others])
    truth = np.arange(len(rows)) < len(examples)
    machine = SVC(kernel="linear", class_weight="balanced").fit(rows, truth)
    return np.asarray(machine.decision_function(gallery), np.float64)


def _others(similarity: NDArray[np.float64]) -> NDArray[np.intp]:
    """Positions of the least similar, evenly chosen where they are too many."""
    order = np.argsort(similarity, kind="stable")[: int(len(similarity) * (1 - _MAYBE_TARGETS))]
    chosen = np.linspace(0, len(order) - 1, min(len(order), _MOST_OTHERS))
    return np.asarray(order[chosen.astype(np.intp)], np.intp)
