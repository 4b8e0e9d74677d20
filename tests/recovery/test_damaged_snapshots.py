"""Snapshot files that are not what was written: noticed, never used, and nothing but time is lost.

Each of the seeded corruptions is brought upon copies of real files. `CAIRN_CORRUPTIONS` asks for
more of them.
"""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any

import orjson
import pytest

from state.snapshot_file import ARRAYS, MANIFEST
from tests.fakes import MemoryStore
from tests.saving import knowledge, shard_of, store_in, take

CORRUPTIONS = int(os.environ.get("CAIRN_CORRUPTIONS", "120"))
EARLIER, PHOTOS = 30, 66
STORE = "shard.sqlite"
Files = list[Path]
"""Of one kind: the older one, the newer one."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two shards with two snapshots each, of other photos, and one of them as it was earlier."""
    folder = tmp_path_factory.mktemp("made")
    for name, first in (("mine", 0), ("other", 1000)):
        (folder / name).mkdir()
        with closing(store_in(folder / name)) as store:
            take(shard_of(store), range(first, first + EARLIER))
        shutil.copytree(folder / name, folder / f"earlier-{name}")
        with closing(store_in(folder / name)) as store:
            take(shard_of(store), range(first + EARLIER, first + PHOTOS))
            assert len(list(store.saved_indexes())) == 2
    return folder


@pytest.fixture(scope="module")
def clean() -> dict[int, object]:
    """What a shard knows that was never restarted, by how many photos it took."""
    known = {}
    for count in (EARLIER, PHOTOS):
        shard = shard_of(MemoryStore(), every=10**9)
        take(shard, range(count))
        known[count] = knowledge(shard)
    return known


def files(directory: Path, kind: str) -> Files:
    return sorted((directory / f"{STORE}.snapshots").glob(f"*{kind}"))


def flip(path: Path, chance: Random) -> None:
    data = bytearray(path.read_bytes())
    data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    path.write_bytes(data)


def truncate(path: Path, chance: Random) -> None:
    os.truncate(path, chance.randrange(path.stat().st_size))


def lengthen(path: Path, chance: Random) -> None:
    path.write_bytes(path.read_bytes() + chance.randbytes(64))


def scramble(path: Path, chance: Random) -> None:
    path.write_bytes(chance.randbytes(path.stat().st_size))


def lose(path: Path, _: Random) -> None:
    path.unlink()


def obstruct(path: Path, _: Random) -> None:
    """A directory where a file should be."""
    path.unlink()
    path.mkdir()


def swap_ages(directory: Path, _: Random, kind: str) -> None:
    older, newer = files(directory, kind)
    aside = older.with_suffix(".aside")
    older.replace(aside)
    newer.replace(older)
    aside.replace(newer)


def foreign(directory: Path, chance: Random, kind: str) -> None:
    """Files of the other shard under the names of mine."""
    for theirs, mine in zip(
        files(directory.parent / "other", kind), files(directory, kind), strict=True
    ):
        if chance.random() < 0.7 or mine.name == files(directory, kind)[-1].name:
            shutil.copy(theirs, mine)


def foreign_whole(directory: Path, _: Random) -> None:
    """Everything of the other shard, which has the same name."""
    shutil.rmtree(directory / f"{STORE}.snapshots")
    shutil.copytree(
        directory.parent / "other" / f"{STORE}.snapshots", directory / f"{STORE}.snapshots"
    )


def resealed(directory: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Change what the newer manifest says, with a checksum to match."""
    path = files(directory, MANIFEST)[-1]
    fields = orjson.loads(path.read_bytes().split(b"\n")[0])
    change(fields)
    body = orjson.dumps(fields)
    path.write_bytes(body + b"\n" + hashlib.sha256(body).hexdigest().encode() + b"\n")


def scopes_swapped(directory: Path, _: Random) -> None:
    def change(fields: dict[str, Any]) -> None:
        (one, first), (other, second) = fields["scopes"].items()
        fields["scopes"] = {other: first, one: second}

    resealed(directory, change)


def another_field(directory: Path, chance: Random) -> None:
    """A manifest of another version, shard, identity, journal, or of nonsense."""
    name = chance.choice(["version", "store", "identity", "rows", "last", "scopes", "size"])
    resealed(directory, lambda fields: fields.update({name: chance.choice(["x", 7, None])}))


def older_store(directory: Path, _: Random) -> None:
    """The state of a backup, beside snapshots that are newer."""
    shutil.copy(directory.parent / "earlier-mine" / STORE, directory / STORE)


def on_files(damage: Callable[[Path, Random], None]) -> Callable[[Path, Random], None]:
    """Damage a file of the newer snapshot, and sometimes of the older one as well."""

    def apply(directory: Path, chance: Random) -> None:
        for number in (1, 0)[: chance.choice([1, 1, 2])]:
            damage(files(directory, chance.choice([MANIFEST, ARRAYS]))[number], chance)

    return apply


FAULTS: dict[str, Callable[[Path, Random], None]] = {
    **{act.__name__: on_files(act) for act in (flip, truncate, lengthen, scramble, lose, obstruct)},
    "arrays of other ages": lambda d, chance: swap_ages(d, chance, ARRAYS),
    "manifests of other ages": lambda d, chance: swap_ages(d, chance, MANIFEST),
    "arrays of another shard": lambda d, chance: foreign(d, chance, ARRAYS),
    "manifests of another shard": lambda d, chance: foreign(d, chance, MANIFEST),
    "another shard": foreign_whole,
    "scopes swapped": scopes_swapped,
    "another field": another_field,
    "newer than the store": older_store,
}


@pytest.mark.parametrize("seed", range(CORRUPTIONS))
def test_a_damaged_snapshot_is_noticed_and_made_good(
    made: Path,
    clean: dict[int, object],
    tmp_path: Path,
    seed: int,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The same state and the same answers as without snapshots; what is left then is sound."""
    caplog.set_level(logging.WARNING)
    chance, fault = Random(seed), list(FAULTS)[seed % len(FAULTS)]
    mine = shutil.copytree(made / "mine", tmp_path / "mine")
    for name in ("other", "earlier-mine"):
        (tmp_path / name).symlink_to(made / name)
    FAULTS[fault](mine, chance)
    newest = files(mine, MANIFEST)[-1:]
    with closing(store_in(mine)) as store:
        shard = shard_of(store)
        photos = EARLIER if fault == "newer than the store" else PHOTOS
        assert knowledge(shard) == clean[photos]
        assert caplog.records or newest != files(made / "mine", MANIFEST)[-1:]
        assert list(store.snapshots.faults()) == []
        if seed % 10 == 0:
            take(shard, range(photos, photos + 40))
            assert len(list(store.saved_indexes())) == 2
