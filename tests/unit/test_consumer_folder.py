"""A folder as a source: what is there, then what appears, each file once and whole."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from consumer.folder import FolderSource
from engine.errors import Misconfigured
from engine.types import GeoPoint, Photo, Rejection
from producer.folder import FoundFile, PhotoFolder
from tests.limits import full_table_of_files


class Clock:
    """Time that passes only while somebody sleeps; then something may happen."""

    def __init__(self) -> None:
        self.now = 0.0
        self.later: dict[float, tuple[Path, bytes]] = {}

    def time(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        for at in [at for at in self.later if at <= self.now]:
            path, data = self.later.pop(at)
            path.write_bytes(data)
            os.utime(path, (at, at))


@dataclass(frozen=True)
class NoMetadata:
    captured_at: float | None = None
    location: GeoPoint | None = None


class CountingFolder(PhotoFolder):
    """Counts the files that were read and the searches that were made.

    unreadable: how many reads at first find the table of open files full.
    """

    def __init__(self, root: Path, clock: Clock, find_s: float) -> None:
        super().__init__(root, lambda _: NoMetadata(), lambda _: "site", max_bytes=1000, labels={})
        self.finds = self.reads = self.unreadable = 0
        self._clock = clock
        self._find_s = find_s

    def find(self) -> list[FoundFile]:
        self.finds += 1
        self._clock.sleep(self._find_s)
        return super().find()

    def read(self, file: FoundFile) -> Photo | Rejection | None:
        self.reads += 1
        if self.reads <= self.unreadable:
            with full_table_of_files():
                return super().read(file)
        return super().read(file)


class Rig:
    """A folder, a clock, and what was committed so far."""

    def __init__(self, root: Path, *, watch: bool, find_s: float = 0.0) -> None:
        self.root = root
        self.clock = Clock()
        self.committed: dict[tuple[str, int], int] = {}
        self.folder = CountingFolder(root, self.clock, find_s)
        self.source = FolderSource(
            self.folder,
            lambda source, partition: self.committed.get((source, partition)),
            watch=watch,
            clock=self.clock.time,
            sleep=self.clock.sleep,
        )

    def put(self, name: str, data: bytes = b"pixels") -> None:
        (self.root / name).write_bytes(data)
        os.utime(self.root / name, (self.clock.now, self.clock.now))

    def poll(self, limit: int = 100, timeout_s: float = 5.0) -> list[str]:
        return self.commit(self.source.poll(limit, timeout_s))

    def commit(self, messages: Sequence[Photo | Rejection]) -> list[str]:
        for message in messages:
            origin = message.origin
            self.committed[origin.source, origin.partition] = origin.offset
        return [message.image_id for message in messages]


def test_reads_to_the_end(tmp_path: Path) -> None:
    """An unwatched folder is read in pieces, lazily, then it is exhausted."""
    rig = Rig(tmp_path, watch=False)
    for name in ("c.jpg", "a.jpg", "b.jpg"):
        rig.put(name)
    assert not rig.source.exhausted
    assert rig.poll(limit=2) == ["a.jpg", "b.jpg"]
    assert rig.folder.reads == 2
    assert not rig.source.exhausted
    assert rig.poll(limit=2) == ["c.jpg"]
    assert rig.source.exhausted
    assert rig.poll() == []
    assert rig.clock.now == 0.0


def test_an_empty_folder_is_exhausted_at_once(tmp_path: Path) -> None:
    """Nothing to read and nobody watching: the end."""
    rig = Rig(tmp_path, watch=False)
    assert rig.poll() == []
    assert rig.source.exhausted


def test_a_missing_folder_is_the_operators_mistake(tmp_path: Path) -> None:
    """The first poll says so in one clear line."""
    with pytest.raises(Misconfigured, match="no folder"):
        Rig(tmp_path / "missing", watch=True).poll()


def test_committed_files_are_passed_over(tmp_path: Path) -> None:
    """After a restart only what is new or has changed since is read."""
    rig = Rig(tmp_path, watch=False)
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        rig.put(name)
    rig.poll(limit=2)
    again = Rig(tmp_path, watch=False)
    again.committed = rig.committed
    again.clock.now = 60.0
    again.put("a.jpg", b"other")
    assert again.poll() == ["a.jpg", "c.jpg"]


def test_files_that_vanish_are_passed_over(tmp_path: Path) -> None:
    """A poll whose files are all gone ends like any other."""
    rig = Rig(tmp_path, watch=False)
    rig.put("a.jpg")
    rig.put("b.jpg")
    assert rig.poll(limit=1) == ["a.jpg"]
    (tmp_path / "b.jpg").unlink()
    assert rig.poll() == []
    assert rig.source.exhausted


def test_what_cannot_be_read_now_is_offered_again(tmp_path: Path) -> None:
    """A watched file that could not be opened comes with a later search, and once."""
    rig = Rig(tmp_path, watch=True)
    rig.put("a.jpg")
    rig.folder.unreadable = 1
    assert rig.poll() == ["a.jpg"]
    assert rig.folder.reads == 2
    assert rig.poll() == []


def test_rejections_come_in_order(tmp_path: Path) -> None:
    """A file over the cap is a message as well, so that it is committed and not offered again."""
    rig = Rig(tmp_path, watch=False)
    rig.put("a.jpg")
    rig.put("b.jpg", b"x" * 1001)
    rig.put("c.jpg")
    messages = rig.source.poll(10, 1.0)
    assert [type(message) for message in messages] == [Photo, Rejection, Photo]


def test_watching_takes_what_is_there_and_what_appears(tmp_path: Path) -> None:
    """A watched folder is never exhausted; a new file arrives soon after it is complete."""
    rig = Rig(tmp_path, watch=True)
    rig.put("a.jpg")
    assert rig.poll() == ["a.jpg"]
    assert rig.poll(timeout_s=2.0) == []
    assert not rig.source.exhausted
    put_at = rig.clock.now
    rig.put("b.jpg")
    assert rig.poll() == ["b.jpg"]
    assert rig.clock.now - put_at <= 2.0
    assert rig.poll() == []


def test_a_poll_keeps_its_deadline(tmp_path: Path) -> None:
    """Waiting for files takes as long as was asked for, and no longer."""
    rig = Rig(tmp_path, watch=True)
    assert rig.poll(timeout_s=0.0) == []
    assert rig.clock.now == 0.0
    assert rig.poll(timeout_s=3.25) == []
    assert rig.clock.now == 3.25


def test_growing_files_are_left_until_they_stand_still(tmp_path: Path) -> None:
    """A photo that is still being copied is not read half."""
    rig = Rig(tmp_path, watch=True)
    rig.put("a.jpg", b"1")
    path = tmp_path / "a.jpg"
    rig.clock.later = {0.6: (path, b"12"), 1.2: (path, b"123"), 1.9: (path, b"1234")}
    (message,) = rig.source.poll(10, 10.0)
    assert isinstance(message, Photo)
    assert message.data == b"1234"
    assert rig.clock.now >= 2.9


def test_a_changed_file_is_a_new_message(tmp_path: Path) -> None:
    """Overwriting a photo offers it again, once, with a later origin."""
    rig = Rig(tmp_path, watch=True)
    rig.put("a.jpg")
    assert rig.poll() == ["a.jpg"]
    rig.put("a.jpg", b"other pixels")
    assert rig.poll() == ["a.jpg"]
    assert rig.poll() == []


def test_uncommitted_files_are_not_offered_twice(tmp_path: Path) -> None:
    """What was handed out is in the caller's hands, committed yet or not."""
    rig = Rig(tmp_path, watch=True)
    rig.put("a.jpg")
    assert len(rig.source.poll(10, 5.0)) == 1
    assert len(rig.source.poll(10, 5.0)) == 0


def test_searching_takes_a_tenth_of_the_time_at_most(tmp_path: Path) -> None:
    """A folder that is slow to search is searched less often."""
    rig = Rig(tmp_path, watch=True, find_s=2.0)
    rig.poll(timeout_s=100.0)
    assert rig.folder.finds <= 6
