"""How long a shard takes to be ready again, with its indexes saved and without.

    python -m benchmarks.restore [--items 100000] [--dim 512] [--founding 1 10] [-o FILE]

A store is filled with photos of a made-up crowd of things (benchmarks/crowd.py) by the events
that the clusterer would have decided, each with three verifications: in the first mix every
photo founds a prototype, in the second every tenth. Restoring is opening the store,
replaying it, and building its indexes or loading them: from a snapshot that covers all, and
from the oldest there can be, when a sixth of the photos came later. The pause is what saving
costs the loop: the copy in memory.

What the journal gets of an image is measured on drawn photos of places (`cairn demo` has the
same), decided by the clusterer with all defaults: size of each kind of record, key and value.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TypeVar

from threadpoolctl import threadpool_limits

from benchmarks.crowd import PLACES, SCOPE, Crowd
from benchmarks.report import description, machine, publish, table
from benchmarks.targets import at_most, targets_table
from cairn.collector import spare_survivors
from cairn.compose import means_of, preparing, shard_of, store_at
from cairn.sections import Settings
from consumer.replay import replayed
from engine.book import Book
from engine.cluster import id_for
from engine.index.adaptive import AdaptiveIndex
from engine.lineage import Assigned, Change, Created, Event
from engine.types import Batch, Item, Origin, Outcome, Photo
from engine.verdict import Evidence, Trial, Verdict
from engine.wire import journal_key
from producer.synthetic import make_samples
from state.records import encode_features, encode_image, encode_item, encode_outcome
from state.store import SqliteStore, exemplar_features, open_store

_T = TypeVar("_T")

IDENTITY = "benchmark"
BATCH = 1000
OLDEST = 6
"""A snapshot is made when a fifth of the index has changed: then at most a sixth is missing."""
MOST_SECONDS, MOST_BYTES = 30, 4096
VERDICT = Verdict(24, 61, 14.5, 0.5, 9.25)


@dataclass(frozen=True, slots=True)
class Spent:
    """Seconds on the clock, and of processors, which other work on the machine does not touch."""

    clock: float
    busy: float

    def __add__(self, other: Spent) -> Spent:
        return Spent(self.clock + other.clock, self.busy + other.busy)

    def __str__(self) -> str:
        return f"{self.clock:.1f} ({self.busy:.1f})"


@dataclass(frozen=True, slots=True)
class Measured:
    """One mix: sizes in bytes, and what restoring took."""

    founding: int
    items: int
    prototypes: int
    store: int
    snapshot: int
    without: Spent
    oldest: Spent
    newest: Spent
    pause: Spent
    written: Spent


def outcomes(crowd: Crowd, first: int, last: int, founding: int) -> Iterator[Outcome]:
    """What was decided on the photos of these numbers: every `founding`-th shows a new thing."""
    for number in range(first, last):
        thing = number // founding
        photo = crowd.photo(thing, number)
        (item,) = photo.items
        bare = Item(item.item_id, item.vector, item.box)
        founder = f"{thing}-{thing * founding}#0"
        home = id_for(SCOPE, founder)
        trials = (Trial(home, founder, 0.83, VERDICT, 12.5, 90.0),) * 3
        founds = number % founding == 0
        evidence = Evidence("spawn" if founds else "assign", 0.83, 0.71, trials)
        assigned = Assigned(home, item.item_id, thing, founds, 0.98, evidence)
        changes: list[Change] = [Created(home, item.item_id)] if founds else []
        seq = number + -(-number // founding)
        events = (Event(SCOPE, seq + n, one) for n, one in enumerate([*changes, assigned], 1))
        yield Outcome(photo.image, (bare,), tuple(events))


def fill(store: SqliteStore, made: Iterator[Outcome]) -> None:
    """Commit outcomes, many at a time."""
    while some := tuple(islice(made, BATCH)):
        store.commit(Batch(some))


def timed(work: Callable[[], _T]) -> tuple[_T, Spent]:
    """What some work returns, and what it took."""
    clock, busy = time.perf_counter(), time.process_time()
    result = work()
    return result, Spent(time.perf_counter() - clock, time.process_time() - busy)


def restored(path: Path, dim: int) -> tuple[SqliteStore, Book]:
    """The store and its book, from whatever is there."""
    store = open_store(path, IDENTITY)
    return store, replayed(store, partial(AdaptiveIndex, dim), lambda: False)


def save(store: SqliteStore, book: Book, rows: int) -> Spent:
    """Begin to write a snapshot that covers so many rows; what the loop waits for."""
    index = book.scope(SCOPE).index
    started, spent = timed(lambda: store.snapshots.save(rows, lambda: {SCOPE: index.dump()}))
    if not started:
        raise ValueError("nothing was saved")
    return spent


def build(path: Path, dim: int, early: int) -> tuple[Spent, int]:
    """Restore without a snapshot, and leave one that covers the first rows; also the prototypes."""
    with closing(open_store(path, IDENTITY)) as store:
        book, rest = Book(partial(AdaptiveIndex, dim)), store.outcomes()
        _, first = timed(lambda: apply(book, islice(rest, early)))
        save(store, book, early)
        store.snapshots.wait()
        _, second = timed(lambda: apply(book, rest))
        return first + second, len(book.scope(SCOPE).index)


def apply(book: Book, outcomes: Iterable[Outcome]) -> None:
    """Replay."""
    for outcome in outcomes:
        book.apply(outcome)


def measure(folder: Path, items: int, dim: int, founding: int) -> Measured:
    """Fill a store, and restore it in each way."""
    path, crowd = folder / "shard.sqlite", Crowd(PLACES, dim)
    with closing(open_store(path, IDENTITY)) as store:
        fill(store, outcomes(crowd, 0, items, founding))
    without, prototypes = build(path, dim, items - items // OLDEST)
    (store, book), oldest = timed(lambda: restored(path, dim))
    with closing(store):
        pause = save(store, book, items)
        _, written = timed(store.snapshots.wait)
    del book
    (store, _), newest = timed(lambda: restored(path, dim))
    store.close()
    snapshot = max(one.stat().st_size for one in folder.glob("*.snapshots/*"))
    return Measured(
        *(founding, items, prototypes, path.stat().st_size, snapshot),
        *(without, oldest, newest, pause, written),
    )


def journal_bytes() -> tuple[Counter[str], Counter[str]]:
    """How many records of each kind the drawn photos give, and their bytes."""
    settings = Settings()
    means = means_of(settings)
    with tempfile.TemporaryDirectory() as scratch, preparing(settings, means) as prepare:
        photos = [
            Photo(path.name, SCOPE, Origin("drawn", 0, number), path.read_bytes())
            for number, path in enumerate(_drawn(Path(scratch, "drawn")))
        ]
        with closing(store_at(Path(scratch, "state.sqlite"), means)) as store:
            shard = shard_of(store, means, lambda: False)
            batch = shard.decide(prepare(photos).result())
    count, size = Counter[str](), Counter[str]()
    for outcome in batch.outcomes:
        for kind, length in _records(outcome):
            count[kind] += 1
            size[kind] += length
    return count, size


def _drawn(folder: Path) -> list[Path]:
    make_samples(folder)
    return sorted(folder.glob("*.jpg"))


def _records(outcome: Outcome) -> Iterator[tuple[str, int]]:
    """Kind and bytes of each journal record of a photo."""
    image_id = outcome.cause.image_id
    yield "outcome", _size("outcome", image_id, encode_outcome(outcome))
    yield "image", _size("image", image_id, encode_image(outcome.cause))
    for item in outcome.items:
        yield "item", _size("item", item.item_id, encode_item(item))
    for item_id, features in exemplar_features(outcome):
        yield "features", _size("features", item_id, encode_features(features))


def _size(kind: str, name: str, value: bytes) -> int:
    return len(journal_key(kind, SCOPE, name)) + len(value)


_NOTE = "On the clock, in brackets of processors, which is what is compared."
HEADER = (
    *("one in ... founds", "items", "prototypes", "store MB", "snapshot MB", "without s"),
    *("oldest snapshot s", "newest s", "without by oldest", "pause ms", "written s"),
)


def row(one: Measured) -> list[str]:
    """One mix as text."""
    return [
        *(str(one.founding), f"{one.items:,}", f"{one.prototypes:,}"),
        *(f"{one.store / 1e6:.0f}", f"{one.snapshot / 1e6:.0f}"),
        *(str(one.without), str(one.oldest), str(one.newest)),
        f"{one.without.busy / one.oldest.busy:.1f}",
        f"{1000 * one.pause.clock:.0f} ({1000 * one.pause.busy:.0f})",
        str(one.written),
    ]


def report(mixes: Sequence[Measured], count: Counter[str], size: Counter[str]) -> str:
    """Tables and targets."""
    images = count["outcome"]
    kept = sum(size.values()) - size["features"]
    rows = [
        [kind, str(count[kind]), f"{size[kind] / count[kind]:.0f}", f"{size[kind] / images:.0f}"]
        for kind in size
    ]
    slowest = max(mixes, key=lambda one: one.oldest.busy)
    figures = [
        at_most(f"restore of {slowest.items:,} items, s", MOST_SECONDS, slowest.oldest.busy),
        at_most("journal bytes an image, but exemplars", MOST_BYTES, kept / images),
    ]
    return "\n\n".join(
        (
            f"### Restore\n\n{_NOTE} {machine()}.",
            table(HEADER, [row(one) for one in mixes]),
            f"Journal records of {images} drawn photos.",
            table(("record", "records", "bytes each", "bytes an image"), rows),
            targets_table(figures),
        )
    )


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=description(__doc__))
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--dim", type=int, default=512, help="length of a vector, 64 or more")
    parser.add_argument("--founding", nargs="+", type=int, default=(1, 10), metavar="N")
    parser.add_argument("-o", "--output", type=Path, help="write the Markdown here as well")
    chosen = parser.parse_args()
    spare_survivors()
    mixes = []
    with threadpool_limits(1):
        for founding in chosen.founding:
            with tempfile.TemporaryDirectory() as folder:
                mixes.append(measure(Path(folder), chosen.items, chosen.dim, founding))
                print(*row(mixes[-1]), sep="; ", file=sys.stderr, flush=True)
        publish(report(mixes, *journal_bytes()), chosen.output)


if __name__ == "__main__":
    main()
