"""The local stores of a worker in a group: copies of a journal, made anew where they are no good.

A copy that cannot be used is set aside under another name, one for each partition, so that
somebody may look at what happened to it; nothing needs it any more.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from engine.errors import Transient
from state.saver import Saver
from state.snapshot_file import Disk
from state.store import SqliteStore, open_store

ASIDE: Final = ".unusable"
"""What the name of a copy ends in that was set aside."""
_PARTS: Final = ("-wal", "-shm", "-journal", "")
"""What belongs to an SQLite file; the log goes first, lest it be taken for that of a new file."""


@dataclass(frozen=True, slots=True)
class Copies:
    """Opens and sets aside the copy of each partition.

    identity: what all are made with. saver: writes their snapshots.
    """

    directory: Path
    topic: str
    identity: str
    saver: Saver = field(default_factory=Saver)

    def open(self, partition: int) -> SqliteStore:
        """Open or create a copy; raises what `open_store` does."""
        return open_store(self._path(partition), self.identity, self.saver)

    def set_aside(self, partition: int) -> Path:
        """Rename a copy that nobody has open, over an older one that was; where it lies now.

        Raises Transient where the disk does not let it.
        """
        path = self._path(partition)
        aside = path.with_name(path.name + ASIDE)
        try:
            for part in _PARTS:
                _move(path.with_name(path.name + part), aside.with_name(aside.name + part))
            Disk().sync_directory(self.directory)
        except OSError as error:
            raise Transient(f"{path} cannot be set aside: {error}") from error
        return aside

    def _path(self, partition: int) -> Path:
        return self.directory / f"{self.topic}-{partition}.sqlite"


def _move(source: Path, target: Path) -> None:
    """Rename, or see to it that neither is there."""
    if source.exists():
        source.replace(target)
    else:
        target.unlink(missing_ok=True)
