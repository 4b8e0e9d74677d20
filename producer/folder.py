"""A folder of photos on disk: finds the files, puts them in order, reads one into a message."""

from __future__ import annotations

import logging
import os
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, Final

from engine.errors import Misconfigured
from engine.sight import Metadata
from engine.types import GeoPoint, Origin, Photo, Rejection
from producer.labels import LabelRow

SUFFIXES: Final = frozenset(
    ".jpg .jpeg .png .webp .tif .tiff .heic .heif .avif .bmp .gif".split()  # noqa: SIM905
)
"""File names that promise an image; whether they keep the promise decoding will tell."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file that looks like an image.

    name: relative path with forward slashes; bytes that are no UTF-8 are escaped.
    size: in bytes, when it was found.
    """

    path: Path
    name: str
    size: int
    origin: Origin


class PhotoFolder:
    """The photos under one directory, hidden files and links to elsewhere left out.

    read_metadata: capture time and place out of an open file, reading its header alone; never
    raises, whatever the bytes: `engine.vision.exif.read_metadata_from`.
    scope_of: scope of a photo, by its relative path.
    max_bytes: largest file that is read.
    labels: what labels.csv says, by relative path; EXIF goes before it.
    shuffle_seed: order by chance instead of by capture time; one seed is one order.
    """

    def __init__(
        self,
        root: Path,
        read_metadata: Callable[[BinaryIO], Metadata],
        scope_of: Callable[[str], str],
        *,
        max_bytes: int,
        labels: Mapping[str, LabelRow],
        shuffle_seed: int | None = None,
    ) -> None:
        self._root = root
        self._read_metadata = read_metadata
        self._scope_of = scope_of
        self._max_bytes = max_bytes
        self._labels = labels
        self._shuffle_seed = shuffle_seed
        self._told: set[str] = set()

    def find(self) -> list[FoundFile]:
        """Every image-like file under the root, by name; raises Misconfigured without a folder."""
        if not (self._root.is_dir() and os.access(self._root, os.R_OK | os.X_OK)):
            raise Misconfigured(f"{self._root} is no folder that can be read: name one with photos")
        return sorted(self._walk(self._root.resolve()), key=lambda file: file.name)

    def in_order(self, files: Iterable[FoundFile]) -> list[FoundFile]:
        """By capture time then name, those without a time last; or shuffled.

        A part of the files comes in the order it has among all of them, so that an interrupted
        run goes on as it would have.
        """
        if self._shuffle_seed is not None:
            return sorted(files, key=self._chance)
        return sorted(files, key=self._age)

    def read(self, file: FoundFile) -> Photo | Rejection | None:
        """Read a file whole; None where it has vanished, changed, or cannot be read just now.

        A changed file may be half-written; it is another one to the next search. Rejects what is
        over the cap as `too_large` without reading it, and what cannot be read as `unreadable`.
        """
        if file.size > self._max_bytes:
            return self._rejection(file, "too_large", self._excess(file.size))
        try:
            with file.path.open("rb") as stream:
                data = stream.read(file.size + 1)
                status = os.fstat(stream.fileno())
        except (FileNotFoundError, NotADirectoryError):
            _log.info("%s vanished before it was read", file.name)
            return None
        except (PermissionError, IsADirectoryError) as error:
            return self._rejection(file, "unreadable", f"{error.strerror}: {file.name}")
        except OSError as error:  # a full table of open files, a network mount away: it may pass
            self._tell(error)
            return None
        if (len(data), status.st_mtime_ns) != (file.size, file.origin.offset):
            _log.warning("%s changed while it was read; it is left to the next search", file.name)
            return None
        return self._photo(file, data)

    def _walk(self, root: Path) -> Iterator[FoundFile]:
        for directory, folders, names in os.walk(root, onerror=self._tell):
            folders[:] = [name for name in folders if not name.startswith(".")]
            for name in names:
                path = Path(directory, name)
                if path.suffix.lower() in SUFFIXES and not name.startswith("."):
                    try:
                        yield from self._found(root, path)
                    except OSError as error:
                        self._tell(error)

    def _found(self, root: Path, path: Path) -> Iterator[FoundFile]:
        """Yield the file if it is a regular one that lies under the root."""
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            return
        if path.is_symlink() and not path.resolve().is_relative_to(root):
            return
        relative = path.relative_to(root).as_posix()
        name = os.fsencode(relative).decode("utf-8", "backslashreplace")
        yield FoundFile(path, name, status.st_size, Origin(f"file:{name}", 0, status.st_mtime_ns))

    def _tell(self, error: OSError) -> None:
        """Say once what is skipped: a watched folder is searched every second."""
        if str(error) not in self._told:
            self._told.add(str(error))
            _log.warning("skipped: %s", error)

    def _chance(self, file: FoundFile) -> bytes:
        return blake2b(f"{self._shuffle_seed}:{file.name}".encode()).digest()

    def _age(self, file: FoundFile) -> tuple[bool, float, str]:
        try:
            with file.path.open("rb") as stream:
                captured_at, _ = self._time_and_place(file, stream)
        except OSError:
            captured_at = None  # reading it will say what is wrong
        return captured_at is None, captured_at or 0.0, file.name

    def _time_and_place(
        self, file: FoundFile, stream: BinaryIO
    ) -> tuple[float | None, GeoPoint | None]:
        exif = self._read_metadata(stream)
        row = self._labels.get(file.name, LabelRow(""))
        captured_at = row.captured_at if exif.captured_at is None else exif.captured_at
        return captured_at, exif.location or row.location

    def _photo(self, file: FoundFile, data: bytes) -> Photo:
        captured_at, location = self._time_and_place(file, BytesIO(data))
        attributes = {"filename": file.name}
        if label := self._labels.get(file.name, LabelRow("")).label:
            attributes["label"] = label
        scope = self._scope_of(file.name)
        return Photo(file.name, scope, file.origin, data, captured_at, location, attributes)

    def _rejection(self, file: FoundFile, reason: str, detail: str) -> Rejection:
        return Rejection(file.name, self._scope_of(file.name), file.origin, reason, detail)

    def _excess(self, size: int) -> str:
        return f"{size} bytes, {self._max_bytes} are allowed"
