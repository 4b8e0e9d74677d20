"""To forget a photo is to forget it in every snapshot, whatever happens in between."""

from __future__ import annotations

import shutil
from contextlib import closing
from pathlib import Path
from threading import Thread

import pytest

from consumer.shard import Shard
from tests.builders import unit
from tests.disks import LIMIT_S, SlowDisk
from tests.saving import files_of, forget, shard_of, store_in, take


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """A store with one snapshot, of 21 outcomes or so; its directory."""
    with closing(store_in(tmp_path)) as store:
        take(shard_of(store), range(30))
    assert len(files_of(tmp_path)) == 2
    return tmp_path


def direction(shard: Shard, number: int) -> bytes:
    """What the indexes have of a photo that is alone on its lobe."""
    (found,) = (
        lobe.direction().tobytes()
        for scope in shard.book.scopes().values()
        for cluster in scope.clusters.values()
        for lobe in cluster.prototypes.values()
        if lobe.exemplar == f"image-{number}#0"
    )
    return found


def holds(directory: Path, data: bytes) -> bool:
    """Whether a vector lies in any file of a snapshot."""
    return any(data in path.read_bytes() for path in directory.glob("*.snapshots/*"))


def test_to_forget_a_photo_is_to_forget_every_snapshot(saved: Path) -> None:
    """They hold its vector; those that follow do not, though the graph it left lives on."""
    with closing(store_in(saved)) as store:
        shard = shard_of(store)
        one, two = direction(shard, 1), direction(shard, 2)
        assert holds(saved, one)
        forget(shard, 1)
        assert files_of(saved) == []
        take(shard, range(30, 90))
        assert list(store.saved_indexes())
        assert holds(saved, two)
        assert not holds(saved, one)
        labels = {name: set(scope.owners) for name, scope in shard.book.scopes().items()}
    with closing(store_in(saved)) as store:
        again = shard_of(store)
        for name, scope in again.book.scopes().items():
            assert {label for label, _ in scope.index.search(unit(7), 1000)} == labels[name]


def test_a_snapshot_that_is_being_written_is_forgotten_too(tmp_path: Path) -> None:
    """It may hold what was just erased."""
    disk = SlowDisk()
    with closing(store_in(tmp_path, disk)) as store:
        shard = shard_of(store, every=10**9)
        take(shard, range(10))
        dumps = {name: scope.index.dump() for name, scope in shard.book.scopes().items()}
        assert store.save_indexes(lambda: dumps)
        assert disk.reached.wait(LIMIT_S)
        releasing = Thread(target=disk.released.set)
        releasing.start()
        forget(shard, 1)
        releasing.join()
        assert files_of(tmp_path) == []


def test_a_crash_between_forgetting_and_removing_is_made_good(saved: Path, tmp_path: Path) -> None:
    """The next start removes what the forgetting one could not."""
    aside = shutil.copytree(saved / "shard.sqlite.snapshots", tmp_path / "aside")
    with closing(store_in(saved)) as store:
        shard = shard_of(store)
        one = direction(shard, 1)
        forget(shard, 1)
    shutil.copytree(aside, saved / "shard.sqlite.snapshots")
    assert holds(saved, one)
    with closing(store_in(saved)) as store:
        shard_of(store)
        assert files_of(saved) == []


def test_many_forgotten_photos_do_not_bring_a_snapshot_each(tmp_path: Path) -> None:
    """After each the next one waits for its turn."""
    with closing(store_in(tmp_path)) as store:
        shard = shard_of(store)
        take(shard, range(30))
        for number in (1, 2, 4, 5):
            forget(shard, number)
            store.snapshots.wait()
            assert files_of(tmp_path) == []
