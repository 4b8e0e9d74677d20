"""Which files of a folder become messages, in which order, and what they carry."""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, NoReturn

import pytest

from engine.errors import Misconfigured
from engine.types import GeoPoint, Origin, Photo, Rejection
from producer.folder import FoundFile, PhotoFolder
from producer.labels import LabelRow
from tests.limits import full_table_of_files


@dataclass(frozen=True)
class Metadata:
    captured_at: float | None = None
    location: GeoPoint | None = None


def read_metadata(file: BinaryIO) -> Metadata:
    """In these tests a file that starts with `@` and a digit was captured at that second."""
    data = file.read(2)
    return Metadata(float(data[1:2]), GeoPoint(1, 2)) if data[:1] == b"@" else Metadata()


def folder(
    root: Path,
    *,
    max_bytes: int = 1000,
    labels: Mapping[str, LabelRow] | None = None,
    shuffle_seed: int | None = None,
) -> PhotoFolder:
    return PhotoFolder(
        root,
        read_metadata,
        lambda name: name.split("/")[0],
        max_bytes=max_bytes,
        labels=labels or {},
        shuffle_seed=shuffle_seed,
    )


def put(root: Path, name: str, data: bytes = b"pixels") -> Path:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def names(files: list[FoundFile]) -> list[str]:
    return [file.name for file in files]


def test_finds_image_like_files_in_all_folders(tmp_path: Path) -> None:
    """Suffixes decide, in any case; hidden files and folders are not offered."""
    for name in ("b/2.JPEG", "a.heic", "b/c/x.TIF", "b/y.webp", "notes.txt", "labels.csv"):
        put(tmp_path, name)
    for hidden in (".thumb.jpg", ".cache/1.jpg", "b/.trash/2.jpg", "b/._2.jpg"):
        put(tmp_path, hidden)
    (tmp_path / "folder.jpg").mkdir()
    os.mkfifo(tmp_path / "pipe.jpg")
    assert names(folder(tmp_path).find()) == ["a.heic", "b/2.JPEG", "b/c/x.TIF", "b/y.webp"]


def test_links_do_not_lead_out(tmp_path: Path) -> None:
    """A link may name a file inside the folder, not one elsewhere; linked folders are left out."""
    root, outside = tmp_path / "root", put(tmp_path, "outside/secret.jpg")
    inside = put(root, "real/1.jpg")
    (root / "again.jpg").symlink_to(inside)
    (root / "secret.jpg").symlink_to(outside)
    (root / "broken.jpg").symlink_to(root / "nowhere.jpg")
    (root / "elsewhere").symlink_to(outside.parent)
    (root / "loop").symlink_to(root)
    assert names(folder(root).find()) == ["again.jpg", "real/1.jpg"]


def test_the_root_itself_may_be_a_link(tmp_path: Path) -> None:
    """Whoever names a link as the folder means what it leads to."""
    put(tmp_path, "real/1.jpg")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert names(folder(tmp_path / "link").find()) == ["1.jpg"]


def test_origin_names_file_and_change(tmp_path: Path) -> None:
    """The origin tells one version of a file from the next."""
    os.utime(put(tmp_path, "a/1.jpg"), ns=(5, 1234567890123456789))
    (file,) = folder(tmp_path).find()
    assert file.origin == Origin("file:a/1.jpg", 0, 1234567890123456789)
    assert file.size == 6


def test_a_name_that_is_no_text(tmp_path: Path) -> None:
    """A name in another encoding still gives a printable id, and its file is read."""
    raw = os.fsencode(tmp_path) + b"/caf\xe9.jpg"
    Path(os.fsdecode(raw)).write_bytes(b"pixels")
    (file,) = folder(tmp_path).find()
    assert file.name == "caf\\xe9.jpg"
    message = folder(tmp_path).read(file)
    assert isinstance(message, Photo)
    assert message.data == b"pixels"


@pytest.mark.parametrize("name", ["missing", "file.jpg"])
def test_no_folder(tmp_path: Path, name: str) -> None:
    """A wrong path is the operator's mistake and gets one clear line."""
    put(tmp_path, "file.jpg")
    with pytest.raises(Misconfigured, match="no folder"):
        folder(tmp_path / name).find()


def test_order_by_capture_time_then_name(tmp_path: Path) -> None:
    """The stream runs as the photos were taken; those without a time come after, by name."""
    for name, data in {"c": b"@1", "b": b"@2", "a": b"@2", "z": b"-", "d": b"-"}.items():
        put(tmp_path, f"{name}.jpg", data)
    made = folder(tmp_path, labels={"z.jpg": LabelRow("", None, 1.5)})
    ordered = names(made.in_order(made.find()))
    assert ordered == ["c.jpg", "z.jpg", "a.jpg", "b.jpg", "d.jpg"]


def test_shuffling_changes_the_order_only(tmp_path: Path) -> None:
    """One seed is one order, of the rest of an interrupted run too; another seed is another."""
    for k in range(20):
        put(tmp_path, f"{k:02}.jpg", b"@1")
    made = folder(tmp_path, shuffle_seed=1)
    files = made.find()
    shuffled = made.in_order(files)
    assert shuffled != files
    assert sorted(names(shuffled)) == names(files)
    assert shuffled == made.in_order(reversed(files))
    assert made.in_order(files[5:]) == [file for file in shuffled if file in files[5:]]
    assert shuffled != folder(tmp_path, shuffle_seed=2).in_order(files)


def test_photo_carries_what_exif_says(tmp_path: Path) -> None:
    """Time and place come from the file; scope and attributes from its name."""
    put(tmp_path, "site/1.jpg", b"@7pixels")
    made = folder(tmp_path)
    (file,) = made.find()
    assert made.read(file) == Photo(
        "site/1.jpg", "site", file.origin, b"@7pixels", 7.0, GeoPoint(1, 2),
        {"filename": "site/1.jpg"},
    )  # fmt: skip


def test_labels_fill_in_what_exif_lacks(tmp_path: Path) -> None:
    """labels.csv adds the label, and time and place where the file has none itself."""
    put(tmp_path, "a.jpg", b"@7")
    put(tmp_path, "b.jpg", b"--")
    row = LabelRow("mill", GeoPoint(50, 8), 99.0)
    made = folder(tmp_path, labels={"a.jpg": row, "b.jpg": row})
    exif, plain = (made.read(file) for file in made.find())
    assert isinstance(exif, Photo)
    assert isinstance(plain, Photo)
    assert (exif.captured_at, exif.location) == (7.0, GeoPoint(1, 2))
    assert (plain.captured_at, plain.location) == (99.0, GeoPoint(50, 8))
    assert plain.attributes == {"filename": "b.jpg", "label": "mill"}


def test_too_large_files_are_rejected(tmp_path: Path) -> None:
    """A file of just the allowed size is read; one byte more is a rejection."""
    put(tmp_path, "a.jpg", b"x" * 1000)
    put(tmp_path, "b.jpg", b"x" * 1001)
    made = folder(tmp_path)
    allowed, rejected = map(made.read, made.find())
    assert isinstance(allowed, Photo)
    assert isinstance(rejected, Rejection)
    assert (rejected.image_id, rejected.reason) == ("b.jpg", "too_large")
    assert rejected.detail == "1001 bytes, 1000 are allowed"


@pytest.mark.parametrize("data", [b"halfway", b"a", b"other!"])
def test_changed_files_are_left_to_the_next_search(tmp_path: Path, data: bytes) -> None:
    """Written to after it was found, a file may be half-written: it is no message yet."""
    path = put(tmp_path, "a.jpg")
    made = folder(tmp_path)
    (file,) = made.find()
    path.write_bytes(data)
    os.utime(path, ns=(file.origin.offset + 1, file.origin.offset + 1))
    assert made.read(file) is None
    (file,) = made.find()
    message = made.read(file)
    assert isinstance(message, Photo)
    assert message.data == data


def test_vanished_files_are_no_message(tmp_path: Path) -> None:
    """A file that was moved away before it was read is nobody's fault."""
    path = put(tmp_path, "a/b.jpg")
    made = folder(tmp_path)
    (file,) = made.find()
    path.unlink()
    assert made.read(file) is None
    assert names(made.in_order([file])) == ["a/b.jpg"]
    path.parent.rmdir()
    path.parent.touch()
    assert made.read(file) is None


def test_unreadable_files_are_rejected(tmp_path: Path) -> None:
    """A file that exists and cannot be read is reported, not skipped."""
    path = put(tmp_path, "a.jpg")
    made = folder(tmp_path)
    (file,) = made.find()
    path.unlink()
    path.mkdir()  # cannot be read by anyone, whatever the test's user may do
    message = made.read(file)
    assert isinstance(message, Rejection)
    assert (message.reason, message.detail) == ("unreadable", "Is a directory: a.jpg")


def test_files_that_cannot_be_opened_just_now_are_no_message(tmp_path: Path) -> None:
    """With the table of open files full nothing can be read; with room again the same file is."""
    put(tmp_path, "a.jpg")
    made = folder(tmp_path)
    (file,) = made.find()
    with full_table_of_files():
        assert made.read(file) is None
    assert isinstance(made.read(file), Photo)


def test_files_that_may_not_be_read_are_rejected(tmp_path: Path) -> None:
    """Permissions do not pass by themselves: somebody has to be told."""
    path = put(tmp_path, "a.jpg")
    made = folder(tmp_path)
    (file,) = made.find()
    message = made.read(replace(file, path=Forbidden(path)))
    assert isinstance(message, Rejection)
    assert (message.reason, message.detail) == ("unreadable", "Permission denied: a.jpg")


class Forbidden(type(Path())):  # type: ignore[misc]
    """A file of somebody else: the test's own user may be allowed everything."""

    def open(self, *_: object) -> NoReturn:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(self))
