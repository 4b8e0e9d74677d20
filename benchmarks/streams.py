"""The streams that benchmarks run on: development sets, combinations of them, synthetic ones."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from benchmarks.encoders import FACE_ENCODER, encoder_for, face_framing
from benchmarks.features import WHOLE, Sample, load_samples
from benchmarks.synthetic import RECIPES, synthesize
from cairn.compose import profile_of
from engine.ports import FeatureExtractor, Framing
from engine.profile import Profile

PLACES = (
    *("places_pano", "places_multiview", "places_gps"),
    *("places_wxbs", "places_evd", "places_oxford_affine"),
)
PRODUCTS = ("products_grocery", "products_clothing")
OBJECTS = ("objects_caltech101", "objects_multiview")
FACES = ("faces_att", "faces_lfw", "faces_small", "faces_deepface")
SINGLE = (*PLACES, *PRODUCTS, *OBJECTS, "lowres_coil20", "lowres_cifar10", *FACES)
NOISE = ("distractors_imagenet1k", "distractors_coco")
COMBINED = {
    "places": PLACES,
    "places+noise": (*PLACES, *NOISE),
    "products": PRODUCTS,
    "objects": OBJECTS,
    "faces": FACES,
}
THIRTY = "places_thirty"
THIRTY_OF_FIVE = {
    "places_pano": ("grail_lab", "stawamus_chief"),
    "places_multiview": ("ettlingen_castle", "reichstag"),
    "places_gps": ("caliterra",),
}
"""Five places, the first six photos of each: a cold start by itself."""
SYNTHETIC = tuple(f"synthetic_{recipe}" for recipe in RECIPES)
STREAMS = (*SINGLE, *COMBINED, THIRTY, *SYNTHETIC)
SYNTHETIC_POINTS = 10_000

SHARED_LABELS = frozenset({"yosemite_monstree"})
"""One place that has photos in several sets; other labels mean different things in each set."""

_PROFILES = {
    "places": "place",
    "products": "product",
    "objects": "object",
    "lowres": "object",
    "faces": "face",
    "synthetic": "object",
}


@dataclass(frozen=True, slots=True, eq=False)
class Stream:
    """Samples in their given order, and the profile that is to cluster them.

    parts: shares of the samples that are judged on their own as well, by title, as (n,) masks.
    """

    name: str
    profile: Profile
    samples: list[Sample]
    parts: dict[str, NDArray[np.bool_]]

    @property
    def labels(self) -> NDArray[np.int64]:
        """The true group of every sample, numbered from 0, (n,)."""
        names = [sample.label for sample in self.samples]
        return np.unique(names, return_inverse=True)[1].astype(np.int64)

    @property
    def vectors(self) -> NDArray[np.float32]:
        """Unit rows (n, d)."""
        return np.stack([sample.vector for sample in self.samples])

    def order(self, seed: int) -> NDArray[np.intp]:
        """The given order for seed 0, else one shuffle for every seed."""
        count = len(self.samples)
        return np.random.default_rng(seed).permutation(count) if seed else np.arange(count)


def load_stream(
    name: str,
    encoder: str,
    extractor: FeatureExtractor,
    points: int = SYNTHETIC_POINTS,
    framing: Framing = WHOLE,
) -> Stream:
    """One stream by name; `points` is the length of a synthetic one.

    extractor: finds local features, for streams of places.
    """
    kind = name.partition("_")[0].partition("+")[0]
    if kind == "synthetic":
        profile = profile_of(_PROFILES[kind], {})
        return Stream(name, profile, _synthetic(name.partition("_")[2], points), {})
    eyes = encoder_for(FACE_ENCODER if kind == "faces" else encoder)
    framing = face_framing() if kind == "faces" else framing
    profile = profile_of(_PROFILES[kind], {})
    looks = extractor if profile.rule == "place" else None
    load = partial(load_samples, encoder=eyes, extractor=looks, framing=framing)
    sets = THIRTY_OF_FIVE if name == THIRTY else COMBINED.get(name, (name,))
    samples = merged({one: load(one) for one in sets})
    if name == THIRTY:
        samples = thirty(samples)
    return Stream(name, profile, samples, _parts(name, samples))


def thirty(samples: list[Sample]) -> list[Sample]:
    """The first six photos of five places, in the order given."""
    chosen = {f"{name}/{place}" for name, places in THIRTY_OF_FIVE.items() for place in places}
    seen = Counter[str]()
    first = []
    for sample in samples:
        seen[sample.label] += 1
        if sample.label in chosen and seen[sample.label] <= 6:
            first.append(sample)
    return first


def merged(sets: dict[str, list[Sample]]) -> list[Sample]:
    """Several sets as one stream, by capture time and then name, those without time last."""
    samples = [_of_set(name, sample) for name, members in sets.items() for sample in members]
    return sorted(samples, key=lambda s: (s.captured_at is None, s.captured_at or 0.0, s.name))


def _of_set(name: str, sample: Sample) -> Sample:
    label = sample.label if sample.label in SHARED_LABELS else f"{name}/{sample.label}"
    return replace(sample, name=f"{name}/{sample.name}", label=label)


def _parts(name: str, samples: list[Sample]) -> dict[str, NDArray[np.bool_]]:
    if name != "places+noise":
        return {}
    return {"its place photos": np.array([sample.name.startswith("places") for sample in samples])}


def _synthetic(recipe: str, points: int) -> list[Sample]:
    vectors, labels = synthesize(RECIPES[recipe], points)
    rows = zip(vectors, labels, strict=True)
    return [Sample(f"{n}", f"{label}", vector) for n, (vector, label) in enumerate(rows)]
