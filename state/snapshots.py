"""The snapshots of a shard's indexes, in `NAME.snapshots/` beside its store `NAME`.

They spare a restart the building of graphs, and are never needed: the journal is the truth. So
one that is not to the last bit what was written, that belongs to another shard, or to another
past of this one, is removed, with a warning; an older one serves, or none. Two are kept.
"""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Final

from engine.neighbours import Dump, SavedIndexes
from state.saver import Saver
from state.snapshot_file import (
    ARRAYS,
    MANIFEST,
    Cancelled,
    Covered,
    Disk,
    Manifest,
    SnapshotWriter,
    Unfit,
    read_arrays,
    read_manifest,
)

_KEPT: Final = 2
_KINDS: Final = (MANIFEST, ARRAYS)
_DIRECTORY: Final = ".snapshots"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Found:
    """A snapshot that lies there: its manifest, how old it is, and what it says, or why not."""

    path: Path
    age_s: float
    says: Manifest | Unfit


class Snapshots:
    """Writes, reads and removes them; for one thread at a time.

    store: path of the state file. identity: what it was made with. last_of: SHA-256 of a row of
    its journal, None where there is none.
    """

    def __init__(
        self,
        store: Path,
        identity: str,
        last_of: Callable[[int], str | None],
        saver: Saver,
        disk: Disk,
    ) -> None:
        self._directory = store.with_name(store.name + _DIRECTORY)
        self._store = store.name
        self._identity = identity
        self._last_of = last_of
        self._saver = saver
        self._disk = disk
        self._cancelled = Event()
        self._writing: Future[None] | None = None

    def save(self, rows: int, make: Callable[[], Mapping[str, Dump]]) -> bool:
        """Begin to write what `make` returns, which covers so many rows of the journal.

        False where the last one of any shard is still being written; nothing was made then.
        """
        last = self._last_of(rows)
        if last is None or not self._saver.idle:
            return False
        self.stop()
        covered = Covered(self._store, self._identity, rows, last)
        self._cancelled = Event()
        writer = SnapshotWriter(self._directory, self._disk, self._cancelled)
        dumps = make()
        self._writing = self._saver.start(lambda: self._write(writer, covered, dumps))
        return True

    def load(self) -> Iterator[SavedIndexes]:
        """What can be used, the newest first; what cannot is removed."""
        self.stop()
        self._tidy()
        for path in self._manifests():
            try:
                manifest = self._checked(path)
                dumps = read_arrays(path, manifest)
            except Unfit as fault:
                _log.warning("%s is not used: %s", path, fault)
                _discard(path)
            else:
                yield SavedIndexes(manifest.covered.rows, dumps)

    def stop(self) -> None:
        """Give up what is being written; returns once nothing is, within a few seconds."""
        self._cancelled.set()
        if self._writing is not None:
            self._writing.result()
            self._writing = None

    def wait(self) -> None:
        """Wait until what is being written is there."""
        if self._writing is not None:
            self._writing.result()

    def remove(self) -> None:
        """Remove all of them at once; warns where the disk does not let it."""
        self.stop()
        try:
            for path in self._files():
                _remove(path)
            if self._directory.exists():
                self._directory.rmdir()
                self._disk.sync_directory(self._directory.parent)
        except OSError as error:
            _log.warning("%s holds what was to be forgotten; delete it: %s", path, error)

    def found(self) -> Iterator[Found]:
        """Every snapshot, the newest first; its arrays are not looked at."""
        for path in self._manifests():
            age_s = time.time() - path.stat().st_mtime
            try:
                yield Found(path, age_s, self._checked(path))
            except Unfit as fault:
                yield Found(path, age_s, fault)

    def faults(self) -> Iterator[str]:
        """What is wrong with any of them, a line each."""
        for path in self._manifests():
            try:
                read_arrays(path, self._checked(path))
            except Unfit as fault:
                yield f"snapshot {path.stem}: {fault}"

    def _checked(self, path: Path) -> Manifest:
        manifest = read_manifest(path)
        covered = manifest.covered
        if (covered.store, covered.identity) != (self._store, self._identity):
            raise Unfit(f"it is of {covered.store}, made with {covered.identity}")
        if covered.last != self._last_of(covered.rows):
            raise Unfit(f"its {covered.rows} rows are not those of the journal")
        return manifest

    def _write(self, writer: SnapshotWriter, covered: Covered, dumps: Mapping[str, Dump]) -> None:
        """On the saver's thread; whatever the disk says, the worker goes on."""
        try:
            writer.write(covered, dumps)
        except OSError as error:
            _log.warning("no snapshot of %s: %s", covered.store, error)
        except Cancelled:
            _log.info("no snapshot of %s: given up", covered.store)
        self._tidy()

    def _tidy(self) -> None:
        """Keep the newest, and nothing that was left behind."""
        kept = {path.with_suffix(kind) for path in self._manifests()[:_KEPT] for kind in _KINDS}
        for path in self._files():
            if path not in kept:
                with suppress(OSError):
                    _remove(path)

    def _manifests(self) -> list[Path]:
        return sorted(self._directory.glob(f"*{MANIFEST}"), reverse=True)

    def _files(self) -> list[Path]:
        return sorted(self._directory.glob("*"))


def _discard(path: Path) -> None:
    for kind in _KINDS:
        with suppress(OSError):
            _remove(path.with_suffix(kind))


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()
