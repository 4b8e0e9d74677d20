"""Photos are read where they lay, and nothing else is."""

from __future__ import annotations

from pathlib import Path

import pytest

from cairn.originals import FolderOriginals
from engine.errors import Transient

MEMORY = Path("/proc/self/mem")
"""A file whose beginning cannot be read."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    directory = tmp_path / "photos"
    (directory / "roll 1").mkdir(parents=True)
    (directory / "roll 1" / "a.jpg").write_bytes(b"photo")
    (tmp_path / "secret.jpg").write_bytes(b"secret")
    return directory


def read(folder: Path, image_id: str) -> bytes | None:
    return FolderOriginals(folder, max_bytes=100).read("any", image_id)


def test_a_photo_is_found_by_its_path(folder: Path) -> None:
    """A link within the folder leads on, as it did when the photo was found."""
    (folder / "link.jpg").symlink_to(folder / "roll 1" / "a.jpg")
    assert read(folder, "roll 1/a.jpg") == read(folder, "link.jpg") == b"photo"


@pytest.mark.parametrize("name", ["../secret.jpg", "roll 1/../../secret.jpg", "out.jpg", "{}"])
def test_nothing_outside_is_read(folder: Path, name: str) -> None:
    """Neither by a path that climbs, nor by a link, nor by a whole path."""
    (folder / "out.jpg").symlink_to(folder.parent / "secret.jpg")
    assert read(folder, name.format(folder.parent / "secret.jpg")) is None


@pytest.mark.parametrize("name", ["no.jpg", "roll 1", "roll 1/a.jpg/b", "n" * 5000, "large.jpg"])
def test_what_is_no_photo_any_more_is_none(folder: Path, name: str) -> None:
    """Deleted, a directory, no name at all, too large."""
    (folder / "large.jpg").write_bytes(bytes(101))
    assert read(folder, name) is None


@pytest.mark.skipif(not MEMORY.exists(), reason="this system has no /proc/self/mem")
def test_a_photo_that_cannot_be_read_is_none() -> None:
    """A bad sector must not keep others from being shown: its folder is there."""
    with pytest.raises(OSError, match="Input/output error"):
        MEMORY.read_bytes()
    assert read(MEMORY.parent, MEMORY.name) is None


def test_a_folder_that_is_away_is_waited_for(tmp_path: Path) -> None:
    """It may be mounted again."""
    with pytest.raises(Transient):
        read(tmp_path / "unmounted", "a.jpg")
