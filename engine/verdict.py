"""What geometry says of two images, and what a decision rested on."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Verdict:
    """What geometry says of two images: of `matches`, `inliers` agree with one camera motion.

    support: sum over the inliers of how distinctive each is, 1 less its squared ratio (Lowe).
    belief: what that is worth as evidence of one place, in nats.
    overlap: share of the smaller covered area, 0 to 1, in which the two views agree.
    """

    inliers: int
    matches: int
    support: float
    overlap: float
    belief: float


@dataclass(frozen=True, slots=True)
class Trial:
    """One verification spent on the way to a decision; `similarity` is the cosine.

    metres, seconds: between the photo and the cluster's nearest exemplar, None for unknown.
    """

    cluster_id: str
    exemplar: str
    similarity: float
    verdict: Verdict
    metres: float | None = None
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """Why it is `assign`, `spawn` or `defer` (`kind`); cosines to the two best clusters, if any."""

    kind: str
    similarity: float | None = None
    runner_up: float | None = None
    trials: tuple[Trial, ...] = ()
