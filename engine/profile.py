"""What "same" means and how it is judged: inert data, one profile per kind of pile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

Rule: TypeAlias = Literal["place", "similarity"]
Items: TypeAlias = Literal["whole", "main", "crops", "faces"]


@dataclass(frozen=True, slots=True)
class Profile:
    """One meaning of "same".

    rule: `place` (the embedding proposes, geometry decides) or `similarity` (average linkage).
    features: local features that geometry compares: `sift`, the name of a model, or `sift+NAME`:
        the model's where SIFT does not agree.
    min_size: members that confirm a pending cluster.
    neighbours: nearest prototypes looked up for an item.
    max_prototypes: bound of prototypes, and so of exemplars, per cluster.
    free_prototypes: prototypes of a whole scope up to which that bound does not hold: a small
        scope forgets nothing.
    exemplars_per_cluster: verifications spent on one cluster at most.
    verifications: verifications spent on one item while nothing agrees.
    verifications_after_hit: more of them after the first agreement, to find what it bridges.
    certain: log-odds of one place from which on two members confirm a cluster, in nats.
    gps_radius_m: clusters farther away than this, in metres, are not considered.
    apart_within_image: two items of one image never lie on one cluster (not so for mirrors and
        collages).
    threshold: mean centred cosine from which on two piles are one; None learns it from the
        stream.
    detector: name of the model that finds the items, or what to mask; empty for none.
    items: `whole` (the image is one item), `main` (its main object; all of it where nothing is
        found), `crops` (every object; no items where nothing is found) or `faces` (alike).
    classes: what counts of that which the detector finds, by class or by the name of a preset
        (`street`, `movable`); none means everything for items, `movable` for a mask.
    mask: `mean` (fills what is masked with the mean colour) or `blur`; for `whole` items.
    background: `remove` cuts each item out of its background.
    upscaler: what enlarges images under 128 pixels: `lanczos` or the name of a model; empty for
        nothing.
    """

    name: str
    rule: Rule
    min_size: int
    features: str = "sift"
    neighbours: int = 32
    max_prototypes: int = 24
    free_prototypes: int = 0
    exemplars_per_cluster: int = 3
    verifications: int = 8
    verifications_after_hit: int = 4
    certain: float = 0.5
    gps_radius_m: float = 300.0
    apart_within_image: bool = False
    threshold: float | None = None
    detector: str = ""
    items: Items = "whole"
    classes: tuple[str, ...] = ()
    mask: Literal["off", "mean", "blur"] = "off"
    background: Literal["keep", "remove"] = "keep"
    upscaler: str = ""


PROFILES: Mapping[str, Profile] = {
    "place": Profile("place", rule="place", min_size=3),
    "object": Profile("object", rule="similarity", min_size=2, free_prototypes=1000),
    "product": Profile("product", rule="similarity", min_size=2, free_prototypes=1000),
    "face": Profile(
        "face",
        rule="similarity",
        min_size=2,
        items="faces",
        detector="yunet",
        free_prototypes=1000,
        apart_within_image=True,
    ),
}
