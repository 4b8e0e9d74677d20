"""The worst clusters of a stream as contact sheets: what went together and should not, what not.

    python -m benchmarks.failures --stream places_multiview [--encoder builtin|mobilenetv2]
                                  [--order 0] [--worst 6] -o DIRECTORY

`merged-*.png`: clusters with the most wrong pairs, a row per true label. `split-*.png`: labels
with the most missing pairs, a row per cluster found. A heading says how near its row comes to
the first row: the greatest and the mean cosine and, for places, the most inliers among the
nearest pairs. Captions are file names behind the number of arrival. Prints a table of the cases.
Needs the shared development data ($CAIRN_SHARED, default ../shared).
"""

from __future__ import annotations

import argparse
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from benchmarks.encoders import ENCODERS
from benchmarks.features import SHARED, KnownVerdicts, Sample
from benchmarks.local import LOCAL, local_for
from benchmarks.measures import NOISE, Groups, alone
from benchmarks.offline import verified
from benchmarks.replay import replay
from benchmarks.report import description, table, verdicts_kept
from benchmarks.sheets import Picture, Row, chosen, draw_sheet
from benchmarks.streams import STREAMS, SYNTHETIC, Stream, load_stream
from cairn.compose import limits_of
from cairn.local import Local
from cairn.sections import Guards
from engine.vision.decode import decode

Positions: TypeAlias = NDArray[np.intp]
Names: TypeAlias = NDArray[np.str_]

ALONE = "alone"
VERIFIED = 12
"""Nearest pairs of two rows that are verified."""
ROWS = 12
"""Rows shown of a case; the others are few photos each."""


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """Photos that were judged wrongly, in rows by label or by cluster, the largest first.

    pairs: how many pairs of them are wrongly together, or wrongly apart.
    totals: how many photos each row's label or cluster has in the whole stream.
    """

    kind: str
    name: str
    pairs: int
    rows: Mapping[str, Positions]
    totals: Mapping[str, int]

    @property
    def photos(self) -> int:
        """Photos in all rows."""
        return sum(len(row) for row in self.rows.values())


def merged_cases(stream: Stream, groups: Groups) -> list[Case]:
    """Clusters of more than one label, those with the most wrong pairs first."""
    titles, labels = _titles(groups), _labels(stream)
    clusters = np.unique(titles[groups != NOISE])
    return _worst(_case("merged", str(name), titles == name, labels) for name in clusters)


def split_cases(stream: Stream, groups: Groups) -> list[Case]:
    """Labels on more than one cluster, those with the most missing pairs first."""
    titles, labels = _titles(groups), _labels(stream)
    return _worst(_case("split", str(name), labels == name, titles) for name in np.unique(labels))


def _titles(groups: Groups) -> Names:
    numbers = zip(groups, alone(groups), strict=True)
    return np.array([f"{ALONE} {own}" if g == NOISE else f"cluster {g}" for g, own in numbers])


def _labels(stream: Stream) -> Names:
    return np.array([sample.label for sample in stream.samples])


def _case(kind: str, name: str, members: NDArray[np.bool_], keys: Names) -> Case:
    sizes = Counter(keys[members].tolist())
    totals = Counter(keys.tolist())
    rows = {
        key: np.flatnonzero(members & (keys == key))
        for key in sorted(sizes, key=lambda key: (-sizes[key], key))
    }
    together = sum(size**2 for size in sizes.values())
    return Case(kind, name, (sizes.total() ** 2 - together) // 2, rows, totals)


def _worst(cases: Iterable[Case]) -> list[Case]:
    return sorted((case for case in cases if case.pairs), key=lambda case: -case.pairs)


def gathered(rows: Mapping[str, Positions]) -> dict[str, Positions]:
    """The same rows with all that are on their own in one row, the last."""
    lonely = [row for key, row in rows.items() if key.startswith(ALONE)]
    others = {key: row for key, row in rows.items() if not key.startswith(ALONE)}
    return others | ({ALONE: np.concatenate(lonely)} if lonely else {})


def heading(case: Case, key: str, members: Positions, near: str) -> str:
    """What is written over a row: whose photos, how many of how many, how near."""
    if key == ALONE:
        return f"{key}: {len(members)}{near}"
    return f"{key}: {len(members)} of its {case.totals[key]}{near}"


def nearness(stream: Stream, one: Positions, other: Positions, verdicts: KnownVerdicts) -> str:
    """The cosines between two rows, and the most inliers of their nearest pairs."""
    pairs = [(a, b) for a in one for b in other if a != b]
    cosines = np.array([stream.samples[a].vector @ stream.samples[b].vector for a, b in pairs])
    said = f"cosine {cosines.max():.2f}, mean {cosines.mean():.2f}"
    if stream.profile.rule != "place":
        return said
    nearest = [pairs[place] for place in np.argsort(-cosines, kind="stable")[:VERIFIED]]
    found = [verified(stream.samples[a], stream.samples[b], verdicts) for a, b in nearest]
    return f"{said}, inliers {max(verdict.inliers for verdict in found)}"


def rows_of(case: Case, stream: Stream, order: Positions, verdicts: KnownVerdicts) -> Iterator[Row]:
    """A case's rows, ready to draw."""
    arrival = np.argsort(order)
    rows = gathered(case.rows)
    first = next(iter(rows.values()))
    for key, members in list(rows.items())[:ROWS]:
        near = ""
        if members is not first:
            near += f"; to the first row: {nearness(stream, first, members, verdicts)}"
        if key == ALONE and len(members) > 1:
            near += f"; to each other: {nearness(stream, members, members, verdicts)}"
        arrived = members[np.argsort(arrival[members])]
        pictures = [
            _picture(stream.samples[member], int(arrival[member]))
            for member in arrived[chosen(len(arrived))]
        ]
        yield Row(heading(case, key, members, near), pictures, len(members))


def _picture(sample: Sample, arrival: int) -> Picture:
    data = (SHARED / "data" / "dev" / sample.name).read_bytes()
    image = decode(data, limits_of(Guards())).image
    return Picture(image, f"#{arrival} {Path(sample.name).name}")


def write(
    directory: Path, cases: Sequence[Case], stream: Stream, order: Positions, local: Local
) -> list[tuple[Case, Path]]:
    """Draw the cases; each with the sheet written."""
    directory.mkdir(parents=True, exist_ok=True)
    written = []
    with verdicts_kept(local) as verdicts:
        verdicts.introduce(stream.samples)
        for rank, case in enumerate(cases, start=1):
            name = re.sub(r"[^\w-]+", "-", case.name)
            path = directory / f"{case.kind}-{rank}-{name}.png"
            title = f"{case.kind}: {case.name}, {case.photos} photos, {case.pairs} wrong pairs"
            draw_sheet(path, title, list(rows_of(case, stream, order, verdicts)))
            written.append((case, path))
    return written


def report(written: list[tuple[Case, Path]]) -> str:
    """A table of the cases."""
    rows = [
        [path.name, f"{case.photos}", f"{len(case.rows)}", f"{case.pairs}"]
        for case, path in written
    ]
    return table(("sheet", "photos", "labels or clusters", "wrong pairs"), rows)


def main() -> None:
    """Write the sheets and print the table."""
    parser = argparse.ArgumentParser(description=description(__doc__))
    real = [name for name in STREAMS if name not in SYNTHETIC]
    parser.add_argument("--stream", required=True, choices=real, metavar="STREAM")
    parser.add_argument("--encoder", choices=ENCODERS, default=ENCODERS[0])
    parser.add_argument("--features", choices=LOCAL, default=LOCAL[0], help="for places")
    parser.add_argument("--order", type=int, default=0, help="0: as given; else a shuffle's seed")
    parser.add_argument("--worst", type=int, default=6, help="sheets of either kind")
    parser.add_argument("-o", "--output", type=Path, required=True, help="folder of the sheets")
    wanted = parser.parse_args()
    local = local_for(wanted.features)
    stream = load_stream(wanted.stream, wanted.encoder, local.extractor)
    order = stream.order(wanted.order)
    with verdicts_kept(local) as verdicts:
        groups = replay(stream, order, verdicts).groups
    written = []
    for cases in (merged_cases(stream, groups), split_cases(stream, groups)):
        written += write(wanted.output, cases[: wanted.worst], stream, order, local)
    print(report(written), flush=True)


if __name__ == "__main__":
    main()
