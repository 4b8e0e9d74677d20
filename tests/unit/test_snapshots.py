"""Snapshots of indexes: when they are made, what is kept of them, what they must never hold."""

from __future__ import annotations

import errno
import logging
from contextlib import closing, suppress
from pathlib import Path
from threading import Event, Thread

import pytest

from engine.neighbours import Dump
from state.snapshot_file import Cancelled, Covered, Disk, SnapshotWriter
from state.store import SqliteStore
from tests.builders import unit
from tests.disks import LIMIT_S, STEPS, FailingDisk, SlowDisk
from tests.fakes import MemoryStore
from tests.saving import EVERY, files_of, knowledge, shard_of, store_in, take
from tests.scripts import Killed


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """A store with one snapshot, of 21 outcomes or so; its directory."""
    with closing(store_in(tmp_path)) as store:
        take(shard_of(store), range(30))
    assert len(files_of(tmp_path)) == 2
    return tmp_path


@pytest.fixture
def clean() -> object:
    """What a shard knows that took in sixty photos, and was never restarted."""
    return reference(60)


def reference(count: int) -> object:
    shard = shard_of(MemoryStore(), every=10**9)
    take(shard, range(count))
    return knowledge(shard)


def saved_rows(store: SqliteStore) -> list[int]:
    return [saved.outcomes for saved in store.saved_indexes()]


def test_a_restart_from_a_snapshot_ends_as_if_there_had_been_none(
    saved: Path, clean: object
) -> None:
    """State and answers, to the bit, after the photos that came before it and after it."""
    with closing(store_in(saved)) as store:
        shard = shard_of(store)
        assert knowledge(shard) == reference(30)
        take(shard, range(30, 60))
        assert knowledge(shard) == clean


def test_two_are_kept(tmp_path: Path) -> None:
    """The newest, and one in case it turns out to be damaged."""
    with closing(store_in(tmp_path)) as store:
        take(shard_of(store), range(200))
        rows = saved_rows(store)
    assert len(rows) == 2
    assert files_of(tmp_path) == sorted(f"{n:012d}{end}" for n in rows for end in ENDINGS)


ENDINGS = (".arrays", ".json")


def test_snapshots_become_rarer_as_the_index_grows() -> None:
    """Each waits for so many changes, and for a fifth of what there is."""
    store = Counting()
    take(shard_of(store), range(400))
    between = [after - before for before, after in zip(store.at, store.at[1:], strict=False)]
    assert store.at[0] in range(EVERY, EVERY + 10)
    assert between[0] >= EVERY
    assert between[-1] >= 300 // 5


class Counting(MemoryStore):
    """Notes after how many outcomes something was saved."""

    def __init__(self) -> None:
        super().__init__()
        self.at: list[int] = []

    def save_indexes(self, make: object) -> bool:
        self.at.append(len(list(self.outcomes())))
        return True


def test_a_small_scope_is_left_out(tmp_path: Path) -> None:
    """Replaying a few prototypes takes no time, and there may be very many such scopes."""
    with closing(store_in(tmp_path)) as store:
        shard = shard_of(store)
        take(shard, [0, 3])
        take(shard, (n for n in range(60) if n % 3))
        assert [set(saved.dumps) for saved in store.saved_indexes()] == [{"site"}] * 2


def test_one_is_written_at_a_time(tmp_path: Path) -> None:
    """While the disk is slow nothing is copied for it, and the worker goes on."""
    disk = SlowDisk()
    with closing(store_in(tmp_path, disk)) as store:
        shard = shard_of(store, every=10**9)
        take(shard, range(10))
        assert store.save_indexes(dict)
        assert disk.reached.wait(LIMIT_S)
        assert not store.save_indexes(never)
        disk.released.set()
        store.snapshots.wait()
        assert saved_rows(store) == [10]


def never() -> dict[str, Dump]:
    raise AssertionError("copied for nothing")


def test_what_is_being_written_is_given_up_when_nobody_wants_it(tmp_path: Path) -> None:
    """Between two pieces; nothing is renamed then."""
    cancelled = Event()
    cancelled.set()
    writer = SnapshotWriter(tmp_path, Disk(), cancelled)
    with pytest.raises(Cancelled):
        writer.write(Covered("s", "test", 1, ""), {"site": Dump(0, 1, {"x": unit(1)})})
    assert not list(tmp_path.glob("*.arrays"))


def test_a_store_that_closes_leaves_no_half_of_a_snapshot(tmp_path: Path) -> None:
    """It waits for the step in hand, no longer."""
    disk = SlowDisk()
    store = store_in(tmp_path, disk)
    take_one = shard_of(store, every=10**9)
    take(take_one, range(1))
    assert store.save_indexes(dict)
    assert disk.reached.wait(LIMIT_S)
    closing_thread = Thread(target=store.close)
    closing_thread.start()
    disk.released.set()
    closing_thread.join(LIMIT_S)
    assert not closing_thread.is_alive()
    assert files_of(tmp_path) in ([], [f"{1:012d}{end}" for end in ENDINGS])


@pytest.mark.parametrize("step", STEPS)
def test_a_crash_while_writing_leaves_an_older_snapshot(
    saved: Path, step: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Wherever it comes: the next start uses what is whole, cleans up, and can save again."""
    caplog.set_level(logging.WARNING)
    disk = FailingDisk(step, Killed())
    with suppress(Killed), closing(store_in(saved, disk)) as store:
        take(shard_of(store), range(30, 60))
    with closing(store_in(saved)) as store:
        shard = shard_of(store)
        rows = len(list(store.outcomes()))
        assert knowledge(shard) == reference(rows)
        assert saved_rows(store)
        assert not caplog.records
        take(shard, range(rows, rows + 60))
        assert len(saved_rows(store)) == 2
        assert len(files_of(saved)) == 4


@pytest.mark.parametrize("step", STEPS)
def test_a_full_disk_costs_a_snapshot_and_nothing_else(
    saved: Path, step: str, caplog: pytest.LogCaptureFixture
) -> None:
    """One warning, no leftovers, the older snapshot stays, and the worker goes on."""
    caplog.set_level(logging.WARNING)
    before, rows = files_of(saved), 30
    disk = FailingDisk(step, OSError(errno.ENOSPC, "no space left on device"))
    with closing(store_in(saved, disk)) as store:
        shard = shard_of(store)
        while not disk.failed:
            take(shard, [rows])
            rows += 1
        assert knowledge(shard) == reference(rows)
        assert [record.levelname for record in caplog.records] == ["WARNING"]
        assert "no space left" in caplog.text
        assert set(before) <= set(files_of(saved))
        assert len(files_of(saved)) == (4 if step == "settle .json" else 2)
