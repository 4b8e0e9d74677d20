"""Crashes as values: every step of a folder run may be its last, and the next run mends it.

Loop, shard, folder source, SQLite store and line files are the real ones. A fuse decides after
how many steps the process dies; what it was writing to a file then is cut at any byte.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from cairn.observers import Sink
from consumer.folder import FolderSource
from consumer.loop import FixedShards, Loop, NoLog, Pace
from consumer.shard import Shard
from engine.book import Book
from engine.clusterer import Clusterer
from engine.corrections import Corrector
from engine.index.exact import ExactIndex
from engine.members import Membership
from engine.profile import PROFILES
from engine.rules import RULES
from engine.sight import Prepared
from engine.types import Batch, LocalFeatures, Origin, Outcome, Photo, Rejection
from engine.verdict import Verdict
from engine.wire import event_body
from exporters.jsonl import JsonLines, JsonLinesSink
from state.cache import ExemplarCache, FeatureMemory
from state.saver import Saver
from state.snapshot_file import Disk
from state.sqlite import connect
from state.store import SqliteStore, snapshots_of
from tests.builders import DIM, prepared
from tests.fakes import SamePlaceVerifier

FILES = ("events.jsonl", "rejected.jsonl")
PLACES = 3
SHORT_SIGHTED = replace(PROFILES["place"], verifications=2)
"""Misses partners at first, so that clusters merge later."""
TORN = -1


class Killed(BaseException):
    """kill -9, as a value: nothing in the code under test may catch it."""


class Fuse:
    """Burns down step by step, then kills. `tear`: share of the last write that gets through."""

    def __init__(self, steps: float = math.inf, tear: float = 0.0) -> None:
        self._left = steps
        self.tear = tear

    def burns_out(self) -> bool:
        self._left -= 1
        return self._left < 0

    def step(self) -> None:
        if self.burns_out():
            raise Killed


class FragileStore(SqliteStore):
    """A store whose process may die before a commit, within it, and after it."""

    def __init__(self, path: Path, fuse: Fuse) -> None:
        db = connect(path, "test")
        super().__init__(path, db, snapshots_of(path, db, "test", Saver(), Disk()))
        self._fuse = fuse

    def commit(self, batch: Batch) -> None:
        self._fuse.step()
        super().commit(batch)
        self._fuse.step()

    def _write_outcome(self, outcome: Outcome) -> None:
        self._fuse.step()
        super()._write_outcome(outcome)


class FragileLines(JsonLines):
    """A line file whose process may die in mid-line, while catching up as well."""

    def __init__(self, path: Path, fuse: Fuse) -> None:
        super().__init__(path)
        self._fuse = fuse

    def catch_up(self, rows: Iterable[bytes]) -> None:
        self._torn(super().catch_up, rows)

    def append(self, rows: Iterable[bytes]) -> None:
        self._torn(super().append, rows)

    def _torn(self, write: Callable[[Iterable[bytes]], None], rows: Iterable[bytes]) -> None:
        before = self._size()
        write(rows)
        if self._fuse.burns_out():
            os.truncate(self._path, before + round(self._fuse.tear * (self._size() - before)))
            raise Killed

    def _size(self) -> int:
        return self._path.stat().st_size if self._path.exists() else 0


class FragileVerifier(SamePlaceVerifier):
    """Dies between two verifications, the book half moved."""

    def __init__(self, fuse: Fuse) -> None:
        super().__init__()
        self._fuse = fuse

    def verify(self, query: LocalFeatures, exemplar: LocalFeatures) -> Verdict:
        self._fuse.step()
        return super().verify(query, exemplar)


@dataclass(frozen=True)
class File:
    """A file that shows a place; `TORN` shows nothing."""

    number: int
    place: int
    size: int = 1

    @property
    def origin(self) -> Origin:
        return Origin(f"file:image-{self.number}", 0, 7)


class Files:
    """A folder in memory; a photo's bytes name the place it shows."""

    def __init__(self, files: Sequence[File]) -> None:
        self._files = files

    def find(self) -> list[File]:
        return list(self._files)

    def in_order(self, files: Iterable[File]) -> list[File]:
        return sorted(files, key=lambda file: file.number)

    def read(self, file: File) -> Photo:
        return Photo(f"image-{file.number}", "site", file.origin, str(file.place).encode())


def look(fuse: Fuse, photos: Sequence[Photo]) -> Future[list[Prepared | Rejection]]:
    """A pipeline that believes what the bytes say."""
    fuse.step()
    future: Future[list[Prepared | Rejection]] = Future()
    future.set_result([seen(photo) for photo in photos])
    return future


def seen(photo: Photo) -> Prepared | Rejection:
    if (place := int(photo.data)) == TORN:
        return Rejection(photo.image_id, photo.scope, photo.origin, "corrupt", "torn")
    number = int(photo.image_id.removeprefix("image-"))
    made = prepared(number, place=place)
    return replace(made, image=replace(made.image, origin=photo.origin))


def live(files: Sequence[File], state: Path, batch_size: int, fuse: Fuse) -> None:
    """One life of a folder run, as `cairn run --once` puts it together."""
    with closing(FragileStore(state / "state.sqlite", fuse)) as store:
        book = Book(lambda: ExactIndex(DIM))
        for outcome in store.outcomes():
            book.apply(outcome)
        cache, members = ExemplarCache(store, FeatureMemory(2)), Membership(store)
        clusterer = Clusterer(
            book, RULES["place"], SHORT_SIGHTED, FragileVerifier(fuse), cache, members
        )
        events, rejected = (FragileLines(state / name, fuse) for name in FILES)
        sink = JsonLinesSink(events, rejected, event_body)
        sink.catch_up(store.outcomes(), store.rejections())
        source = FolderSource(Files(files), store.position, watch=False)
        corrector = Corrector(book, members, clusterer)
        shards = FixedShards({0: Shard(book, clusterer, corrector, cache, members, store)})
        pace = Pace(batch_size, poll_s=0)
        Loop(source, partial(look, fuse), shards, NoLog(), [Sink(sink)], pace).run(lambda: False)


def left_by(state: Path) -> tuple[list[object], list[bytes]]:
    """All that a run leaves behind: lineage, rejections, and both files to the byte."""
    with closing(FragileStore(state / "state.sqlite", Fuse())) as store:
        told = [(o.cause, o.events) for o in store.outcomes()]
        rejections = list(store.rejections())
    return [*told, *rejections], [(state / name).read_bytes() for name in FILES]


@contextmanager
def scratch() -> Iterator[Path]:
    with TemporaryDirectory() as directory:
        yield Path(directory)


files_of_places = st.lists(st.integers(TORN, PLACES - 1), min_size=1, max_size=16).map(
    lambda places: [File(number, place) for number, place in enumerate(places)]
)
deaths = st.lists(st.builds(Fuse, st.integers(0, 60), st.floats(0, 1)), min_size=1, max_size=4)


@settings(max_examples=40, deadline=None)
@given(files=files_of_places, deaths=deaths, sizes=st.lists(st.integers(1, 5), min_size=5))
def test_no_death_leaves_a_trace(
    files: Sequence[File], deaths: Sequence[Fuse], sizes: Sequence[int]
) -> None:
    """Wherever some lives end and however they batch, the last one ends like an unbroken one."""
    with scratch() as calm, scratch() as stormy:
        live(files, calm, 4, Fuse())
        for fuse, size in zip(deaths, sizes, strict=False):
            with suppress(Killed):
                live(files, stormy, size, fuse)
        live(files, stormy, sizes[-1], Fuse())
        assert left_by(stormy) == left_by(calm)
