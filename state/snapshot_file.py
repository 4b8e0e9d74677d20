"""One snapshot on disk: the arrays of a shard's indexes, and a manifest that vouches for them.

    000000012345.arrays   every array, one after the other, each padded to 64 bytes
    000000012345.json     the manifest: a line of JSON, and the SHA-256 of that line

The number says how many rows of the journal it covers. Each file is written under another name,
synced, renamed, and its directory synced; the manifest comes last, so what it names is there.
Nothing of the arrays is looked at before their SHA-256 is that of the manifest.
"""

from __future__ import annotations

import hashlib
import math
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any, BinaryIO, Final

import numpy as np
import orjson
from numpy.typing import NDArray

from engine.neighbours import Dump

MANIFEST: Final = ".json"
ARRAYS: Final = ".arrays"
_TEMPORARY: Final = ".tmp"
_FORMAT: Final = 1
_DTYPES: Final = frozenset({"<f4", "<i4", "<i8", "|u1"})
_ALIGNED: Final = 64
_LARGEST_MANIFEST: Final = 64 * 1024 * 1024
_CHUNK: Final = 16 * 1024 * 1024
"""Bytes written at once, and synced: so long it may take to be given up."""


class Unfit(Exception):
    """A snapshot that must not be used, and why."""


class Cancelled(Exception):
    """Nobody wants this snapshot any more."""


@dataclass(frozen=True, slots=True)
class Covered:
    """The journal a snapshot belongs to.

    store: name of the state file. identity: what it was made with. rows: how many it covers.
    last: SHA-256 of the last of them.
    """

    store: str
    identity: str
    rows: int
    last: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a snapshot says of itself.

    size: of its arrays in bytes. scopes: what they are. labels: how many of all scopes.
    """

    covered: Covered
    size: int
    sha256: str
    scopes: Mapping[str, Mapping[str, Any]]
    labels: int


class Disk:
    """What a snapshot asks of the disk, step by step; each may raise OSError."""

    def write(self, file: BinaryIO, data: memoryview) -> None:
        """Hand bytes to the system."""
        file.write(data)

    def sync(self, file: BinaryIO) -> None:
        """Wait until what was written would outlive a loss of power."""
        file.flush()
        os.fsync(file.fileno())

    def rename(self, source: Path, target: Path) -> None:
        """Give a file its name, whatever had it before."""
        source.replace(target)

    def sync_directory(self, directory: Path) -> None:
        """Wait until renames would outlive a loss of power."""
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@dataclass(frozen=True, slots=True)
class SnapshotWriter:
    """Writes one snapshot; raises OSError, and Cancelled soon after `cancelled` is set."""

    directory: Path
    disk: Disk
    cancelled: Event

    def write(self, covered: Covered, dumps: Mapping[str, Dump]) -> None:
        """Make a snapshot of these indexes, by scope, that outlives a loss of power."""
        name = f"{covered.rows:012d}"
        if not self.directory.exists():
            self.directory.mkdir()
            self.disk.sync_directory(self.directory.parent)
        size, digest = self._publish(name + ARRAYS, _chunks(dumps))
        manifest = {
            "version": _FORMAT,
            "store": covered.store,
            "identity": covered.identity,
            "rows": covered.rows,
            "last": covered.last,
            "size": size,
            "sha256": digest,
            "scopes": {scope: _described(dump) for scope, dump in dumps.items()},
        }
        body = orjson.dumps(manifest)
        seal = hashlib.sha256(body).hexdigest().encode()
        self._publish(name + MANIFEST, [memoryview(body + b"\n" + seal + b"\n")])

    def _publish(self, name: str, chunks: Iterable[memoryview]) -> tuple[int, str]:
        """Make a file appear whole; its size and SHA-256."""
        temporary, digest, size = self.directory / (name + _TEMPORARY), hashlib.sha256(), 0
        with temporary.open("wb") as file:
            for chunk in chunks:
                digest.update(chunk)
                self.disk.write(file, chunk)
                if size // _CHUNK < (size + len(chunk)) // _CHUNK:
                    self.disk.sync(file)
                size += len(chunk)
                if self.cancelled.is_set():
                    raise Cancelled
            self.disk.sync(file)
        self.disk.rename(temporary, self.directory / name)
        self.disk.sync_directory(self.directory)
        return size, digest.hexdigest()


def read_manifest(path: Path) -> Manifest:
    """Read a manifest; raises Unfit."""
    try:
        body, seal, end = _read(path, _LARGEST_MANIFEST).split(b"\n")
    except (OSError, ValueError) as error:
        raise Unfit(f"its manifest cannot be read ({error})") from error
    if end or hashlib.sha256(body).hexdigest().encode() != seal:
        raise Unfit("its manifest is damaged")
    with _as_unfit():
        manifest = _manifest(**orjson.loads(body))
    if f"{manifest.covered.rows:012d}" != path.stem:
        raise Unfit(f"it covers {manifest.covered.rows} rows under another name")
    return manifest


def read_arrays(path: Path, manifest: Manifest) -> dict[str, Dump]:
    """Read the indexes that a manifest vouches for, by scope; raises Unfit."""
    try:
        data = _read(path.with_suffix(ARRAYS), manifest.size)
    except OSError as error:
        raise Unfit(f"its arrays cannot be read ({error})") from error
    if len(data) != manifest.size or hashlib.sha256(data).hexdigest() != manifest.sha256:
        raise Unfit("its arrays are damaged")
    with _as_unfit():
        return dict(_dumps(data, manifest))


def _manifest(version: int, size: int, sha256: str, scopes: Any, **covered: Any) -> Manifest:
    if version != _FORMAT:
        raise Unfit(f"it has version {version}, this Cairn reads version {_FORMAT}")
    labels = sum(int(described["count"]) for described in scopes.values())
    rows = int(covered.pop("rows"))
    return Manifest(Covered(rows=rows, **covered), max(int(size), 0), sha256, scopes, labels)


def _read(path: Path, most: int) -> bytes:
    """A file, or where it is larger than it may be one byte more than that."""
    with path.open("rb") as file:
        return file.read(most + 1)


@contextmanager
def _as_unfit() -> Iterator[None]:
    """What is sealed and yet makes no sense was not written by a Cairn like this one."""
    try:
        yield
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise Unfit(f"nobody can tell what is in it ({error!r})") from error


def _dumps(data: bytes, manifest: Manifest) -> Iterator[tuple[str, Dump]]:
    offset = 0
    for scope, described in manifest.scopes.items():
        arrays = {}
        for name, (dtype, shape) in described["arrays"].items():
            arrays[name] = _array(data, offset, dtype, shape)
            offset += _padded(arrays[name].nbytes)
        yield scope, Dump(described["count"], described["dim"], arrays)


def _array(data: bytes, offset: int, dtype: str, shape: list[int]) -> NDArray[Any]:
    if dtype not in _DTYPES:
        raise Unfit(f"it holds numbers of type {dtype}")
    return np.frombuffer(data, dtype, math.prod(shape), offset).reshape(shape)


def _described(dump: Dump) -> dict[str, Any]:
    arrays = {name: [array.dtype.str, array.shape] for name, array in dump.arrays.items()}
    return {"count": dump.count, "dim": dump.dim, "arrays": arrays}


def _chunks(dumps: Mapping[str, Dump]) -> Iterator[memoryview]:
    """The bytes of all arrays, in pieces."""
    for dump in dumps.values():
        for array in dump.arrays.values():
            data = np.ascontiguousarray(array).reshape(-1).view(np.uint8).data
            for start in range(0, len(data), _CHUNK):
                yield data[start : start + _CHUNK]
            if padding := _padded(array.nbytes) - array.nbytes:
                yield memoryview(bytes(padding))


def _padded(size: int) -> int:
    return -(-size // _ALIGNED) * _ALIGNED
