"""Photos by reference: where a file is found and what is in it, instead of its bytes."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from urllib.parse import unquote_to_bytes, urlsplit

import pytest

from cairn.folder_run import FolderJob, photo_folder
from consumer.allow import AllowList, path_of
from consumer.fetch_file import read_file
from engine.errors import Misconfigured
from engine.types import Claim, Photo, Rejection
from producer.reference import Uris, by_reference, uris_below, uris_on_disk
from tests.commands import complaint

NAMES = ["a.jpg", "50% #1?.jpg", "d\u00e4/\u00fc;+&.jpg"]
LIMIT = 100


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in NAMES:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(f"bytes of {name}".encode())
    return tmp_path


def claims(folder: Path, uris: Uris) -> dict[str, Claim]:
    found = photo_folder(FolderJob(folder), LIMIT)
    read = by_reference(found.read, uris)
    photos = [read(file) for file in found.find()]
    return {
        p.image_id: p.data for p in photos if isinstance(p, Photo) and isinstance(p.data, Claim)
    }


def test_files_are_claimed_where_they_lie(folder: Path) -> None:
    """A worker that may read the folder gets the very bytes, whatever the name."""
    allowed = AllowList([folder.as_uri()])
    made = claims(folder, uris_on_disk)
    assert made.keys() == set(NAMES)
    for name, claim in made.items():
        path = Path(os.fsdecode(path_of(allowed.check(claim.uri))))
        data = read_file(path, [folder], LIMIT)
        assert data == f"bytes of {name}".encode()
        assert claim.sha256 == hashlib.sha256(data).hexdigest()


def test_a_prefix_says_where_the_folder_is_served(folder: Path) -> None:
    """The relative path follows, quoted; the prefix itself is all a worker has to allow."""
    prefix = "https://images.example.com/up%20loads/"
    allowed = AllowList([prefix])
    for name, claim in claims(folder, uris_below(prefix, folder)).items():
        assert allowed.check(claim.uri)
        path = unquote_to_bytes(urlsplit(claim.uri).path)
        assert path == f"/up loads/{name}".encode()


def test_what_is_no_photo_stays_what_it_is(folder: Path) -> None:
    """A file that is too large is refused here; one that vanished is passed over."""
    found = photo_folder(FolderJob(folder), 3)
    read = by_reference(found.read, uris_on_disk)
    (folder / "b.jpg").write_bytes(b"123")
    refused, small, *_ = [read(file) for file in found.find() if file.name in {"a.jpg", "b.jpg"}]
    assert isinstance(refused, Rejection)
    assert isinstance(small, Photo)
    gone = next(file for file in found.find() if file.name == "b.jpg")
    (folder / "b.jpg").unlink()
    assert read(gone) is None


@pytest.mark.parametrize("prefix", ["images/", "https://h/images", "s3://bucket/", "h/"])
def test_a_prefix_that_is_none_is_refused(folder: Path, prefix: str) -> None:
    """Before anything is sent."""
    with pytest.raises(Misconfigured, match="write https://HOST/PATH/"):
        uris_below(prefix, folder)


def test_only_a_folder_goes_by_reference(folder: Path) -> None:
    """Frames of a video lie nowhere."""
    for source in (folder / "a.jpg", "rtsp://camera/1"):
        told = complaint("produce", source, "--kafka", "127.0.0.1:1", "--by-reference")
        assert "only files can be sent by reference" in told
