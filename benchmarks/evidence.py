"""How well verdicts tell places apart, and which constants `engine.vision.worths` should have.

    python -m benchmarks.evidence [--features sift|xfeat] [--worlds 5] [-o evidence.md]

Each kind of local features by itself. Pairs of four kinds: development photos of one place; photos
of different places, each with the dozen it is most alike; drawn photos of the six sites of a world
that are made to look alike, of one site and of different ones. The constants are fitted by logistic
regression to the pairs that have anything in common, strangers and look-alikes counting the same;
and once more without one set of photos at a time, which is then judged with what the others taught.
Needs the shared development data ($CAIRN_SHARED, default ../shared).
"""

from __future__ import annotations

import argparse
import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import astuple, dataclass
from itertools import combinations
from math import log
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression

import producer
from benchmarks.features import KnownVerdicts, Sample, cache_folder
from benchmarks.local import KINDS as FEATURES
from benchmarks.local import local_for
from benchmarks.offline import neighbours, verified
from benchmarks.report import description, publish, table, verdicts_kept
from benchmarks.streams import load_stream
from cairn.compose import limits_of
from cairn.local import Local
from cairn.sections import Guards
from engine.evidence import PRIOR, same_place
from engine.ports import FeatureExtractor
from engine.types import LocalFeatures
from engine.verdict import Verdict
from engine.vision.decode import decode
from producer.labels import read_labels
from producer.synthetic import make_samples

STREAM = "places+noise"
SIMILAR = 12
"""Nearest photos of other places that each photo is compared with."""
ONE, STRANGERS, DRAWN, LOOK_ALIKES = KINDS = (
    *("one place", "strangers", "one drawn place", "drawn look-alikes"),
)
ALIKE = frozenset(f"site-{number:02d}" for number in range(1, 7))
"""Sites of a drawn world among which are two pairs of twins and two sides of one container."""
LOG_ODDS = (-6.0, -4.5, -3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 4.0, 8.0)


@dataclass(frozen=True, slots=True)
class Pair:
    """Two photos of a kind, and what geometry says of them; `source` is the set or the world."""

    source: str
    kind: str
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Constants:
    """What a distinctive inlier, a match and agreement at all are worth, in nats."""

    per_support: float
    per_match: float
    at_all: float

    def agree(self, pair: Pair) -> bool:
        """Whether the pair counts as views of one place."""
        belief = self.per_support * pair.verdict.support + self.per_match * pair.verdict.matches
        return PRIOR + self.at_all + belief > 0


def photographed(local: Local, verdicts: KnownVerdicts) -> Iterator[Pair]:
    """Every pair of one place, and the most similar ones of different places."""
    stream = load_stream(STREAM, "builtin", local.extractor)
    samples = stream.samples
    verdicts.introduce(samples)
    near = neighbours(stream.vectors, SIMILAR)
    strangers = [(a, b) for a, b in near if samples[a].label != samples[b].label]
    for a, b in [*_of_one_label(samples), *strangers]:
        one, other = samples[a], samples[b]
        verdict = verified(one, other, verdicts)
        name = next((s.name for s in (one, other) if s.name.startswith("places")), one.name)
        kind = ONE if one.label == other.label else STRANGERS
        yield Pair(name.partition("/")[0], kind, verdict)


def drawn(world: int, extractor: FeatureExtractor, verdicts: KnownVerdicts) -> Iterator[Pair]:
    """Every pair among the sites of one world that look alike."""
    samples = _drawn_samples(world, extractor)
    verdicts.introduce(samples)
    for one, other in combinations(samples, 2):
        kind = DRAWN if one.label == other.label else LOOK_ALIKES
        yield Pair(f"world {world}", kind, verified(one, other, verdicts))


def _of_one_label(samples: Sequence[Sample]) -> list[tuple[int, int]]:
    alike = combinations(range(len(samples)), 2)
    return [(a, b) for a, b in alike if samples[a].label == samples[b].label]


def _drawn_samples(world: int, extractor: FeatureExtractor) -> list[Sample]:
    directory = cache_folder() / f"drawn-{_hash_of_producer()}" / f"{world}"
    if not (directory / "labels.csv").exists():
        make_samples(directory, seed=world)
    sites = read_labels(directory / "labels.csv").items()
    names = {name: row.label for name, row in sites if row.label in ALIKE}
    nothing = np.empty(0, np.float32)
    looked = _looked_at(directory, names, extractor)
    return [
        Sample(f"{directory.parent.name}/{world}/{name}", label, nothing, features=found)
        for (name, label), found in zip(names.items(), looked, strict=True)
    ]


def _hash_of_producer() -> str:
    sources = sorted(Path(producer.__file__).parent.rglob("*.py"))
    digest = hashlib.sha256(b"".join(source.read_bytes() for source in sources))
    return digest.hexdigest()[:12]


def _looked_at(
    directory: Path, names: Iterable[str], extractor: FeatureExtractor
) -> Iterator[LocalFeatures]:
    for name in names:
        image = decode((directory / name).read_bytes(), limits_of(Guards())).image
        yield extractor.extract(image)


def fit(pairs: Sequence[Pair]) -> Constants:
    """Logistic regression on the pairs with anything in common.

    Each kind weighs as much as its pairs are likely to have that: the result is the logarithm
    of a ratio of likelihoods, of one place to strangers and look-alikes in equal parts. Matches
    that do not agree never speak for one place.
    """
    totals = Counter(pair.kind for pair in pairs)
    found = [pair for pair in pairs if pair.verdict.support and pair.kind != DRAWN]
    part = 1 / sum(kind in totals for kind in (STRANGERS, LOOK_ALIKES))
    weights = [len(found) / totals[p.kind] * (1.0 if p.kind == ONE else part) for p in found]
    both = [(pair.verdict.support, pair.verdict.matches) for pair in found]
    per_support, per_match, at_all = _regression(both, found, weights)
    if per_match > 0:
        alone = [(support, 0) for support, _ in both]
        per_support, per_match, at_all = _regression(alone, found, weights)
    return Constants(per_support, per_match, at_all)


def _regression(
    seen: Sequence[tuple[float, int]], pairs: Sequence[Pair], weights: Sequence[float]
) -> tuple[float, float, float]:
    model = LogisticRegression(C=1e6, max_iter=10_000)
    model.fit(seen, [pair.kind == ONE for pair in pairs], sample_weight=weights)
    (per_support, per_match), (at_all,) = model.coef_[0], model.intercept_
    return float(per_support), float(per_match), float(at_all)


def nothing_in_common(pairs: Sequence[Pair]) -> float:
    """What it says of one place, in nats, that no more agrees than most strangers come to."""
    usual = np.median([pair.verdict.support for pair in pairs if pair.kind == STRANGERS])
    below = {
        kind: np.mean([pair.verdict.support <= usual for pair in pairs if pair.kind == kind])
        for kind in {pair.kind for pair in pairs}
    }
    others = [below[kind] for kind in (STRANGERS, LOOK_ALIKES) if kind in below]
    return log(below[ONE] / np.mean(others))


def tail_rows(pairs: Sequence[Pair]) -> Iterator[list[str]]:
    """Share of the pairs of each kind beyond some log-odds."""
    odds = [[same_place(pair.verdict) for pair in pairs if pair.kind == kind] for kind in KINDS]
    yield ["pairs", *(str(len(of_kind)) for of_kind in odds)]
    for least in LOG_ODDS:
        beyond = [np.mean(np.array(one) >= least) if one else None for one in odds]
        yield [f"≥ {least:g}", *("-" if share is None else f"{share:.5f}" for share in beyond)]


def left_out_rows(pairs: Sequence[Pair]) -> Iterator[list[str]]:
    """Every set of photos, judged with the constants that the others teach."""
    everything = fit(pairs)
    for name in sorted({pair.source for pair in pairs if pair.kind == ONE}):
        others = fit([pair for pair in pairs if pair.source != name])
        own = [pair for pair in pairs if pair.source == name]
        yield [
            name,
            *(f"{constant:.3f}" for constant in astuple(others)),
            *(
                f"{np.mean([constants.agree(pair) for pair in own if pair.kind == kind]):.4f}"
                for kind in (ONE, STRANGERS)
                for constants in (others, everything)
            ),
        ]


def report(features: str, pairs: Sequence[Pair]) -> str:
    """Both tables and the constants."""
    found = ", ".join(f"{value:.3f}" for value in (*astuple(fit(pairs)), nothing_in_common(pairs)))
    return "\n\n".join(
        (
            f"### Evidence of geometry, {features}",
            "Share of the pairs with at least so many nats of log-odds of one place.",
            table(TAIL, list(tail_rows(pairs))),
            f"Fitted: per support, per match, at all, nothing in common: {found} nats.",
            "Constants fitted without one set, and the share of its pairs that then agree.",
            table(LEFT_OUT, list(left_out_rows(pairs))),
        )
    )


TAIL = ("log-odds", *KINDS)
LEFT_OUT = (
    *("left out", "per support", "per match", "at all"),
    *("one place", "(fitted to all)", "strangers", "(fitted to all)"),
)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=description(__doc__))
    parser.add_argument("--features", choices=FEATURES, default=FEATURES[0])
    parser.add_argument("--worlds", type=int, default=5, help="drawn worlds to compare within")
    parser.add_argument("-o", "--output", type=Path, help="write the Markdown here as well")
    chosen = parser.parse_args()
    local = local_for(chosen.features)
    with verdicts_kept(local) as verdicts:
        pairs = list(photographed(local, verdicts))
        for world in range(chosen.worlds):
            pairs.extend(drawn(world, local.extractor, verdicts))
    publish(report(chosen.features, pairs), chosen.output)


if __name__ == "__main__":
    main()
