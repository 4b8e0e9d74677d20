"""Real state of drawn photos, made once, for the tests of `cairn state`."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from producer.synthetic import make_samples
from tests.commands import cairn
from tests.onnx_model import flatten_model
from tests.state.kit import with_card


@pytest.fixture(autouse=True)
def _quiet(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CAIRN_METRICS__PORT", "0")
    monkeypatch.setenv("CAIRN_FOLDER__SETTLE_S", "0")
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="session")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sample photos of three sites and a single one."""
    folder = tmp_path_factory.mktemp("drawn")
    make_samples(folder, sites=3, singles=1)
    return folder


@pytest.fixture(scope="session")
def halves(drawn: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The photos, every second one apart; among the first is a file that is no photo."""
    first, second = tmp_path_factory.mktemp("first"), tmp_path_factory.mktemp("second")
    (first / "torn.jpg").write_bytes(b"\xff\xd8\xff torn")
    for number, path in enumerate(sorted(drawn.glob("*.jpg"))):
        shutil.copy(path, second if number % 2 else first)
    return first, second


@pytest.fixture(scope="session")
def made(halves: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """State of the first half, by the built-in encoder; nothing writes into it."""
    state = tmp_path_factory.mktemp("made") / "state"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CAIRN_METRICS__PORT", "0")
        cairn("run", "--source", halves[0], "--once", "--state", state)
    return state


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An encoder that describes a photo by a thumbnail of it."""
    return with_card(tmp_path_factory.mktemp("tiny") / "tiny.onnx", flatten_model(8))


@pytest.fixture
def state(made: Path, tmp_path: Path) -> Path:
    """A copy that may be changed."""
    return shutil.copytree(made, tmp_path / "state")
