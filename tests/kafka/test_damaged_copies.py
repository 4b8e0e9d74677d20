"""Local copies of a real journal, damaged in every way: never believed, always made anew.

CORRUPTIONS=300 does what the suite does with a few.
"""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event
from uuid import uuid4

import pytest

from consumer.connection import Broker
from consumer.group_shards import GroupShards
from consumer.restore import read_journal
from consumer.topics import TopicLayout, ensure_topics
from engine.errors import CommitAborted
from engine.sight import Prepared
from engine.vectors import settle
from state.copies import ASIDE, Copies
from tests.builders import DIM, prepared, unit, written
from tests.fakes import MemoryStore
from tests.kafka import kit
from tests.scripts import Peaceful
from tests.shards import LOOSE, shard_over
from tests.snapshot import snapshot
from tests.unit.test_journal import journal_of

pytestmark = pytest.mark.kafka

CORRUPTIONS = int(os.environ.get("CORRUPTIONS", "21"))
PARTITIONS = (0, 1)
OWNED = frozenset(PARTITIONS)
PHOTOS, PLACES, BATCH = 150, 25, 10
MADE_WITH = f"encoder tests ({DIM} numbers), items whole, local features none, profile object"
PAGE = 4096
SET_ASIDE = "set aside"


def photo(partition: int, number: int) -> Prepared:
    """A photo of one of the places; the two partitions have places of their own."""
    seed = 1000 * partition + number % PLACES
    made = prepared(1000 * partition + number, settle(unit(seed) + 0.4 * unit(number), DIM), seed)
    scope = f"site {partition}"
    origin = replace(made.image.origin, source="images", partition=partition, offset=number)
    return replace(made, image=replace(made.image, scope=scope, origin=origin))


def probes(partition: int) -> list[Prepared]:
    """One more photo of every place."""
    return [photo(partition, PHOTOS + place) for place in range(PLACES)]


@dataclass(frozen=True)
class Crew:
    """A worker over copies in a directory; what it knows and what it would decide."""

    shards: GroupShards

    def knows(self) -> list[object]:
        """Everything, comparable with ==, and decided next: damage may show there first."""
        self.shards.own(OWNED)
        return [self._knows(partition) for partition in PARTITIONS]

    def _knows(self, partition: int) -> object:
        try:
            return self._told(partition)
        except CommitAborted:
            self.shards.own(OWNED)
            return self._told(partition)

    def _told(self, partition: int) -> object:
        scope = self.shards[partition].book.scope(f"site {partition}")
        before = snapshot(scope)
        batch = self.shards.decide(partition, probes(partition))
        return before, [written(outcome) for outcome in batch.outcomes]


class Rig:
    """A journal at a broker, and copies of it as they lie after a stop and after a kill -9."""

    def __init__(self, broker: Broker, scratch: Path) -> None:
        self.prefix = f"t{uuid4().hex[:8]}"
        self.broker = broker
        self.scratch = scratch
        ensure_topics(broker, TopicLayout(self.prefix, partitions=len(PARTITIONS)))
        for partition in PARTITIONS:
            self._write(partition, range(PHOTOS // 2))
        self.old, _ = self._copied("old")
        for partition in PARTITIONS:
            self._write(partition, range(PHOTOS // 2, PHOTOS), start=PHOTOS // 2)
        self.stopped, self.truth = self._copied("stopped")
        self.killed = scratch / "killed"
        shards = self.crew(self.old).shards
        shards.own(OWNED)
        shutil.copytree(self.old, self.killed)
        shards.close()

    def crew(self, directory: Path) -> Crew:
        copies = Copies(directory, "images", MADE_WITH)
        revive = partial(shard_over, profile=LOOSE)
        shards = GroupShards(Peaceful(), copies, revive, self._read, Peaceful(), Event())
        return Crew(shards)

    def _copied(self, name: str) -> tuple[Path, list[object]]:
        directory = self.scratch / name
        crew = self.crew(directory)
        knows = crew.knows()
        crew.shards.close()
        return directory, knows

    def _read(self, partition: int, start: int) -> Iterator[tuple[int, object]]:
        where = (f"{self.prefix}.journal", partition)
        return read_journal(self.broker, where, start, lambda: None)

    def _write(self, partition: int, numbers: range, start: int = 0) -> None:
        store = MemoryStore()
        shard = shard_over(store, LOOSE)
        outcomes = []
        for first in range(0, numbers.stop, BATCH):
            last = min(first + BATCH, numbers.stop)
            batch = shard.decide([photo(partition, number) for number in range(first, last)])
            shard.commit(batch)
            outcomes += batch.outcomes
        records = [record for _, record in journal_of(outcomes[start:])]
        kit.send(self.broker, f"{self.prefix}.journal", records, partition)


@pytest.fixture(scope="module")
def rig(kafka_bootstrap: str, tmp_path_factory: pytest.TempPathFactory) -> Rig:
    return Rig(Broker(kafka_bootstrap), tmp_path_factory.mktemp("copies"))


def truncated(directory: Path, chance: random.Random) -> None:
    """Cut short at any byte, the log as well as the file."""
    file = one_of(directory, chance)
    data = file.read_bytes()
    file.write_bytes(data[: chance.randrange(len(data))])


def flipped(directory: Path, chance: random.Random) -> None:
    """One bit, anywhere."""
    file = one_of(directory, chance)
    data = bytearray(file.read_bytes())
    data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    file.write_bytes(data)


def blotted(directory: Path, chance: random.Random) -> None:
    """A page of zeros, or of noise."""
    file = one_of(directory, chance)
    data = bytearray(file.read_bytes())
    at = chance.randrange(max(1, len(data) // PAGE)) * PAGE
    blot = bytes(PAGE) if chance.random() < 0.5 else chance.randbytes(PAGE)
    data[at : at + PAGE] = blot[: len(data) - at]
    file.write_bytes(data)


def swapped(directory: Path, chance: random.Random) -> None:
    """Each partition's copy under the other's name, with or without its log."""
    whole = chance.random() < 0.5
    for part in ("", "-wal") if whole else ("",):
        one, other = (directory / f"images-{p}.sqlite{part}" for p in PARTITIONS)
        between = directory / "between"
        for source, target in ((one, between), (other, one), (between, other)):
            if source.exists():
                source.replace(target)


def garbage(directory: Path, chance: random.Random) -> None:
    """Something else altogether."""
    file = one_of(directory, chance, logs=False)
    file.write_bytes(chance.randbytes(chance.randrange(1, 3 * PAGE)))


def one_of(directory: Path, chance: random.Random, *, logs: bool = True) -> Path:
    files = sorted(directory.glob("*.sqlite-wal" if logs and chance.random() < 0.3 else "*.sqlite"))
    return chance.choice([f for f in files if f.stat().st_size] or [directory / "images-0.sqlite"])


DAMAGES: tuple[Callable[[Path, random.Random], None], ...] = (
    *(truncated, flipped, flipped, flipped, blotted, swapped, garbage),
)


def test_damage_never_shows(rig: Rig, tmp_path: Path) -> None:
    """After any damage to its copies a worker knows and decides what it would have without it."""
    found: Counter[tuple[str, bool]] = Counter()
    for seed in range(CORRUPTIONS):
        chance = random.Random(seed)
        directory = tmp_path / str(seed)
        whole = chance.choice([rig.stopped, rig.killed])
        shutil.copytree(whole, directory)
        damage = DAMAGES[seed % len(DAMAGES)]
        damage(directory, chance)
        same_rows = rows_of(directory) == rows_of(whole)
        crew = rig.crew(directory)
        assert crew.knows() == rig.truth, f"{damage.__name__}, seed {seed}"
        crew.shards.close()
        found[damage.__name__, fate(directory, same_rows=same_rows)] += 1
        shutil.rmtree(directory)
    print(dict(found))  # noqa: T201  figures for whoever asks with -s
    assert not {one for one, end in found if end != SET_ASIDE} - {"flipped", "truncated", "blotted"}


def fate(directory: Path, *, same_rows: bool) -> str:
    """What became of a damaged copy; same_rows: none of its rows had changed."""
    if list(directory.glob(f"*{ASIDE}")):
        return SET_ASIDE
    return "only unused bytes" if same_rows else "an older state, caught up"


def rows_of(directory: Path) -> list[object] | None:
    """Every cell of every table; None where it cannot be read."""
    with TemporaryDirectory() as scratch:
        copy = shutil.copytree(directory, Path(scratch, "copy"))
        try:
            return [row for file in sorted(copy.glob("*.sqlite")) for row in _rows(file)]
        except (sqlite3.Error, UnicodeDecodeError):
            return None


def _rows(file: Path) -> Iterator[object]:
    with closing(sqlite3.connect(file)) as db:
        db.text_factory = bytes
        tables = "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"
        for (table,) in db.execute(tables).fetchall():
            yield from db.execute(f'SELECT * FROM "{table.decode()}"')  # noqa: S608


def test_an_old_copy_catches_up(rig: Rig, tmp_path: Path) -> None:
    """A backup of yesterday is sound: it only reads more of the journal."""
    shutil.copytree(rig.old, tmp_path / "old")
    crew = rig.crew(tmp_path / "old")
    assert crew.knows() == rig.truth
    assert not list((tmp_path / "old").glob(f"*{ASIDE}"))
    crew.shards.close()
