"""Vectors, local features and metadata of the development photos, computed once and kept.

They go through the project's own parts in the product's own order of arrival: folder, labels,
EXIF, decoder, encoder, SIFT. What is kept lies in `${XDG_CACHE_HOME:-~/.cache}/cairn/benchmarks`,
one folder per encoder, extractor or verifier, named after its settings and its source: change
one and its results are made anew. Arrays alone are kept, nothing that could run.
"""

from __future__ import annotations

import hashlib
import inspect
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple, dataclass, fields, is_dataclass, replace
from functools import partial
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from cairn.compose import limits_of
from cairn.sections import Guards
from engine.jobs.placements import area
from engine.pipeline import Pipeline, Pools, Senses
from engine.ports import Encoder, FeatureExtractor, Framing, Verifier
from engine.sight import Prepared
from engine.types import GeoPoint, Item, LocalFeatures, Photo
from engine.verdict import Verdict
from engine.vision.decode import decode
from engine.vision.exif import read_metadata, read_metadata_from
from engine.vision.framing import WholeImage
from engine.vision.joint import JointExtractor
from producer.folder import PhotoFolder
from producer.labels import read_labels

SHARED = Path(os.environ.get("CAIRN_SHARED", Path(__file__).parents[2] / "shared"))
SCOPE = "benchmark"
WHOLE = WholeImage()
Arrays: TypeAlias = dict[str, NDArray[np.generic]]


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """One photo, looked at. `captured_at` is in seconds since the Unix epoch."""

    name: str
    label: str
    vector: NDArray[np.float32]
    captured_at: float | None = None
    location: GeoPoint | None = None
    features: LocalFeatures | None = None


def cache_folder() -> Path:
    """Where everything computed is kept."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "cairn" / "benchmarks"


def fingerprint(part: object) -> str:
    """Settings and sources of a part, in 12 hex digits: what its results depend on."""
    texts = "\n".join((repr(part), *_sources(part)))
    return hashlib.sha256(texts.encode()).hexdigest()[:12]


def _sources(part: object) -> Iterator[str]:
    """Of the part, and of the parts it is made of."""
    yield inspect.getsource(inspect.getmodule(type(part)) or type(part))
    if is_dataclass(part):
        values = [getattr(part, field.name) for field in fields(part) if field.repr]
        for value in filter(is_dataclass, values):
            yield from _sources(value)


def load_samples(
    name: str, encoder: Encoder, extractor: FeatureExtractor | None, framing: Framing = WHOLE
) -> list[Sample]:
    """Every photo of a set in the order of capture time, then name, those without time last.

    Of several items the largest is the sample; a photo without any is left out.
    """
    path = cache_folder() / f"{encoder.identity}{seen_by(framing)}" / f"{name}.npz"
    arrays = kept(path, partial(_embedded, name, encoder, framing))
    samples = _samples(arrays)
    if extractor is None:
        return samples
    found = _local_features(name, extractor, framing)
    return [
        replace(sample, features=features) for sample, features in zip(samples, found, strict=True)
    ]


def seen_by(framing: Framing) -> str:
    """What to add to the name of a folder of what was found in its views."""
    return "" if framing is WHOLE else f"-{framing.identity}"


def _local_features(
    name: str, extractor: FeatureExtractor, framing: Framing
) -> list[LocalFeatures]:
    if isinstance(extractor, JointExtractor):
        parts = extractor.first, extractor.second
        first, more = (_local_features(name, one, framing) for one in parts)
        return [replace(one, more=other) for one, other in zip(first, more, strict=True)]
    kind = extractor.identity.partition("-")[0]
    path = cache_folder() / f"{kind}-{fingerprint(extractor)}{seen_by(framing)}" / f"{name}.npz"
    return _unpacked(kept(path, partial(_extracted, name, extractor, framing)))


def kept(path: Path, compute: Callable[[], Arrays]) -> Arrays:
    """Arrays from a file, or computed and written to it."""
    if not path.exists():
        save(path, compute())
    with np.load(path, allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


def save(path: Path, arrays: Arrays) -> None:
    """Write arrays so that the file is there whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(f".{os.getpid()}.npz")
    np.savez(draft, **arrays)  # type: ignore[arg-type]  # the stub takes a name for an option
    draft.replace(path)


class KnownVerdicts:
    """A verifier that remembers every pair of samples, on disk between runs; makes `Verifier`.

    calls: how often it was asked since it was last set to 0; seconds: processor seconds spent.
    """

    def __init__(self, verifier: Verifier, path: Path) -> None:
        self._verifier = verifier
        self._path = path
        self._names: dict[int, str] = {}
        self._known = _known_pairs(path)
        self._stored = len(self._known)
        self.calls = 0
        self.seconds = 0.0

    def introduce(self, samples: list[Sample]) -> None:
        """Tell the names of samples: features carry none. The samples must outlive this."""
        for sample in samples:
            self._names[id(sample.features)] = sample.name

    def verify(self, query: LocalFeatures, exemplar: LocalFeatures) -> Verdict:
        """The verdict on a pair, in either order."""
        started = time.thread_time()
        self.calls += 1
        pair = sorted((self._names[id(query)], self._names[id(exemplar)]))
        key = (pair[0], pair[1])
        if key not in self._known:
            self._known[key] = self._verifier.verify(query, exemplar)
        self.seconds += time.thread_time() - started
        return self._known[key]

    def save(self) -> None:
        """Write what is new to disk, beside what other runs wrote meanwhile."""
        if len(self._known) > self._stored:
            self._known = _known_pairs(self._path) | self._known
            verdicts = [astuple(verdict) for verdict in self._known.values()]
            pairs = np.array(list(self._known))
            save(self._path, {"pairs": pairs, "verdicts": np.array(verdicts, np.float64)})
            self._stored = len(self._known)


def _known_pairs(path: Path) -> dict[tuple[str, str], Verdict]:
    if not path.exists():
        return {}
    with np.load(path, allow_pickle=False) as file:
        rows = zip(file["pairs"].tolist(), file["verdicts"].tolist(), strict=True)
        return {
            (one, other): Verdict(int(inliers), int(matches), *others)
            for (one, other), (inliers, matches, *others) in rows
        }


def photos(name: str) -> Iterator[Photo]:
    """Every photo of a set, in the order of arrival."""
    directory = SHARED / "data" / "dev" / name
    labels = read_labels(directory / "labels.csv")
    folder = PhotoFolder(
        directory, read_metadata_from, lambda _: SCOPE, max_bytes=Guards().max_bytes, labels=labels
    )
    for file in folder.in_order(folder.find()):
        match folder.read(file):
            case Photo() as photo:
                yield photo
            case refused:
                raise RuntimeError(f"{name}/{file.name} cannot be read: {refused}")


def _embedded(name: str, encoder: Encoder, framing: Framing) -> Arrays:
    decoder = partial(decode, limits=limits_of(Guards()))
    senses = Senses(decoder, read_metadata, framing, encoder, extractor=None)
    with ThreadPoolExecutor(1) as pool:
        pipeline = Pipeline(senses, Pools(pool, pool), time.thread_time)
        looked = [result for photo in photos(name) for result in pipeline.prepare([photo])]
    prepared = [result for result in looked if isinstance(result, Prepared)]
    if not prepared or len(prepared) < len(looked):
        raise RuntimeError(f"{name}: {len(looked) - len(prepared)} of {len(looked)} photos refused")
    return _packed_samples([one for one in prepared if one.items])


def _subject(one: Prepared) -> Item:
    return max(one.items, key=lambda item: area(item.box))


def _packed_samples(prepared: list[Prepared]) -> Arrays:
    images = [one.image for one in prepared]
    nowhere = GeoPoint(np.nan, np.nan)
    places = [image.location or nowhere for image in images]
    times = [np.nan if image.captured_at is None else image.captured_at for image in images]
    return {
        "name": np.array([image.image_id for image in images]),
        "label": np.array([image.attributes["label"] for image in images]),
        "vector": np.stack([_subject(one).vector for one in prepared]),
        "captured_at": np.array(times, np.float64),
        "location": np.array([(place.lat, place.lon) for place in places], np.float64),
    }


def _samples(arrays: Arrays) -> list[Sample]:
    columns = ("name", "label", "vector", "captured_at", "location")
    return [
        Sample(
            str(name),
            str(label),
            vector,
            None if np.isnan(taken) else float(taken),
            None if np.isnan(place[0]) else GeoPoint(float(place[0]), float(place[1])),
        )
        for name, label, vector, taken, place in zip(*(arrays[c] for c in columns), strict=True)
    ]


def _extracted(name: str, extractor: FeatureExtractor, framing: Framing) -> Arrays:
    limits = limits_of(Guards())
    views = (framing(decode(photo.data, limits).image)[0] for photo in photos(name))
    found = [extractor.extract(view.pixels, view.hidden) for view in views]
    return {
        "points": np.concatenate([one.points for one in found]),
        "descriptors": np.concatenate([one.descriptors for one in found]),
        "counts": np.array([len(one.points) for one in found]),
        "sizes": np.array([(one.width, one.height) for one in found]),
    }


def _unpacked(arrays: Arrays) -> list[LocalFeatures]:
    ends = np.cumsum(arrays["counts"].astype(np.int64))[:-1]
    points = np.split(arrays["points"].astype(np.float32), ends)
    descriptors = np.split(arrays["descriptors"].astype(np.uint8), ends)
    return [
        LocalFeatures(where, what, int(width), int(height))
        for where, what, (width, height) in zip(points, descriptors, arrays["sizes"], strict=True)
    ]
