"""What the tests of exporting share: photos, and commands in a directory of their own."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from engine.types import Rgb
from tests.images import PHOTOS, encoded, photo

SHARED = Path(os.environ.get("CAIRN_SHARED", "../shared")).absolute()


@pytest.fixture
def photos() -> list[Rgb]:
    return [photo(name) for name in PHOTOS[:3]]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, photos: list[Rgb]) -> Path:
    """A working directory with a folder of photos."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("YOLO_CONFIG_DIR", str(tmp_path))
    Path("photos").mkdir()
    for number, pixels in enumerate(photos):
        Path("photos", f"{number}.png").write_bytes(encoded(pixels))
    return tmp_path


@pytest.fixture(scope="session")
def shared() -> Path:
    """Where real weights lie."""
    if not SHARED.is_dir():
        pytest.skip("needs the models of CAIRN_SHARED")
    return SHARED
