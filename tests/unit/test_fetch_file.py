"""Files on disk: what lies in an allowed directory, and what only seems to."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from consumer.fetch_file import _open, read_file
from engine.errors import BadImage, Transient

DATA = b"\xff\xd8\xff some image"
LIMIT = 100


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """An allowed directory with one image, beside a secret."""
    (tmp_path / "photos" / "deep").mkdir(parents=True)
    (tmp_path / "photos" / "deep" / "a.jpg").write_bytes(DATA)
    (tmp_path / "secret").write_bytes(b"secret")
    return tmp_path / "photos"


def refused(path: Path, *roots: Path) -> str:
    with pytest.raises(BadImage) as error:
        read_file(path, roots, LIMIT)
    return error.value.reason


def test_files_and_links_within_are_read(root: Path, tmp_path: Path) -> None:
    """Links may lead from one allowed place to another, and be one."""
    (root / "link.jpg").symlink_to("deep/a.jpg")
    (tmp_path / "alias").symlink_to(root)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "link.jpg").symlink_to(root / "deep" / "a.jpg")
    roots = [tmp_path / "alias", tmp_path / "other"]
    for path in ("alias/deep/a.jpg", "alias/link.jpg", "other/link.jpg"):
        assert read_file(tmp_path / path, roots, LIMIT) == DATA


def test_links_to_elsewhere_are_not(root: Path, tmp_path: Path) -> None:
    """Of a file, of a folder, over several steps, or to the folder above."""
    (root / "file").symlink_to(tmp_path / "secret")
    (root / "folder").symlink_to(tmp_path)
    (root / "up").symlink_to("..")
    (root / "chain").symlink_to("file")
    for name in ("file", "folder/secret", "up/secret", "chain"):
        assert refused(root / name, root) == "uri_not_allowed"
    assert refused(tmp_path / "secret", root) == "uri_not_allowed"


def test_only_regular_files_are_opened(root: Path) -> None:
    """A pipe would block for ever, a device may do anything."""
    os.mkfifo(root / "pipe")
    assert refused(root / "pipe", root) == "uri_not_allowed"
    assert refused(root / "deep", root) == "uri_not_allowed"
    assert refused(root, root) == "uri_not_allowed"
    assert refused(Path("/dev/zero"), Path("/")) == "uri_not_allowed"


def test_a_large_file_is_not_read(root: Path) -> None:
    """Told by its size, before."""
    with (root / "large").open("wb") as file:
        file.truncate(10**12)
    assert refused(root / "large", root) == "too_large"


def test_what_cannot_be_read_may_come_yet(root: Path) -> None:
    """Missing, in a missing folder, below a file, a link to itself, a name too long."""
    (root / "loop").symlink_to("loop")
    for name in ("b.jpg", "no/b.jpg", "deep/a.jpg/b", "loop", "x" * 300):
        with pytest.raises(Transient):
            read_file(root / name, [root], LIMIT)


def test_a_name_swapped_for_a_link_is_not_followed(root: Path, tmp_path: Path) -> None:
    """Between looking and opening, whoever writes there may put a link in the way."""
    (root / "swapped").symlink_to(tmp_path)
    (root / "a.jpg").symlink_to(tmp_path / "secret")
    with pytest.raises(OSError, match=r"Not a directory|symbolic link"):
        _open(root, ["swapped", "secret"])
    with pytest.raises(BadImage):
        _open(root, ["a.jpg"])
