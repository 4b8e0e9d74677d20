"""State that must not be used: one clear line, exit status 1, and not a byte of it changed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import Misconfigured
from engine.vision.card import EncoderCard, draft_card, write_card
from tests.onnx_model import flatten_model
from tests.recovery.conftest import Calm
from tests.recovery.kit import lines, remains, run_once, until, worker

AT_ONCE = {"CAIRN_FOLDER__SETTLE_S": "0"}
PAGE = 4096
TREE_PAGES = (2, 5, 10, 13)
"""First byte of the pages of a database that hold its trees; the others hold long records."""


@pytest.fixture
def state(calm: Calm, tmp_path: Path) -> Path:
    """A copy of finished state."""
    return shutil.copytree(calm.state, tmp_path / "state")


def complaint(source: Path, state: Path, *options: str) -> str:
    """The one line a run ends with."""
    with worker(source, state, "--once", *options) as life:
        assert life.end() == 1, life.message()
        (line,) = life.message().splitlines()
    assert line.startswith("cairn: ")
    return line


def bytes_of(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir()}


def test_another_profile(calm: Calm, state: Path) -> None:
    """Piles of places are not continued as piles of objects."""
    before = bytes_of(state)
    line = complaint(calm.photos, state, "--profile", "object")
    assert "profile place, but" in line
    assert "start over" in line
    assert "reembed" not in line
    assert bytes_of(state) == before


def test_another_encoder(calm: Calm, state: Path, tmp_path: Path) -> None:
    """Vectors of two models are never mixed."""
    model = tmp_path / "tiny.onnx"
    model.write_bytes(flatten_model())
    write_card(
        tmp_path / "tiny.toml",
        draft_card(model, EncoderCard, {"licence": "none", "source": "tests"}),
    )
    before = bytes_of(state)
    line = complaint(calm.photos, state, "--encoder", str(model))
    assert "made with encoder builtin-" in line
    assert "but encoder tiny-" in line
    assert f"`cairn state reembed {state} " in line
    assert "start over" in line
    assert bytes_of(state) == before


def test_a_second_run_on_the_same_state(calm: Calm, tmp_path: Path) -> None:
    """The first one goes on undisturbed; the second says that it is one too many."""
    state = tmp_path / "state"
    with worker(calm.photos, state, **AT_ONCE) as first:
        until(lambda: lines(state) > 0 or not first.alive)
        assert "in use by another process" in complaint(calm.photos, state)
        until(lambda: lines(state) == lines(calm.state) or not first.alive)
        assert first.stop() == 0, first.message()
    assert remains(state) == calm.remains


def test_a_directory_that_cannot_be(calm: Calm, tmp_path: Path) -> None:
    """A file in its place, or no place at all: the line names the path."""
    (tmp_path / "file").touch()
    assert "cannot be created" in complaint(calm.photos, tmp_path / "file")
    assert "cannot be created" in complaint(calm.photos, tmp_path / "file" / "below")


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is read-only to root")
def test_a_directory_without_access(calm: Calm, state: Path) -> None:
    """What cannot be written is said before any photo is read."""
    state.chmod(0o500)
    try:
        assert "cannot" in complaint(calm.photos, state)
    finally:
        state.chmod(0o700)


def cut_short(data: bytes) -> bytes:
    return data[: len(data) // 2]


def overwritten(data: bytes) -> bytes:
    """Three pages in the middle are gone."""
    middle = len(data) // 2
    return data[:middle] + bytes(3 * 4096) + data[middle + 3 * 4096 :]


def rotten(data: bytes) -> bytes:
    """One bit of the first vector has turned."""
    at = data.index(b"CRNo") + 2000
    return data[:at] + bytes([data[at] ^ 4]) + data[at + 1 :]


@pytest.mark.parametrize("damage", [cut_short, overwritten, rotten])
def test_a_damaged_file(calm: Calm, state: Path, damage: Callable[[bytes], bytes]) -> None:
    """Damage is named with its remedy; what was told is left alone, and so is the file."""
    file = state / "state.sqlite"
    file.write_bytes(damage(file.read_bytes()))
    before = bytes_of(state)
    line = complaint(calm.photos, state)
    assert str(file) in line
    assert "start over" in line
    assert bytes_of(state) == before


def test_a_log_cut_short_after_a_crash(calm: Calm, tmp_path: Path) -> None:
    """Commits that were told and are gone: the told file is longer than the state, and says so."""
    state = tmp_path / "state"
    with worker(calm.photos, state, **AT_ONCE) as life:
        until(lambda: lines(state) == lines(calm.state) or not life.alive)
        life.kill()
    log = state / "state.sqlite-wal"
    log.write_bytes(cut_short(log.read_bytes()))
    assert "events.jsonl" in complaint(calm.photos, state)
    shutil.move(state / "events.jsonl", tmp_path)
    shutil.move(state / "rejected.jsonl", tmp_path)
    run_once(calm.photos, state)
    assert remains(state) == calm.remains


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_a_flipped_bit_never_misleads(calm: Calm, data: st.DataObject) -> None:
    """Wherever one bit of the file turns, opening and replaying say so, or nothing has changed."""
    whole = bytearray((calm.state / "state.sqlite").read_bytes())
    pages = [at for at in range(0, len(whole), PAGE) if at == 0 or whole[at] in TREE_PAGES]
    at = data.draw(st.sampled_from(pages)) + data.draw(st.integers(0, PAGE - 1))
    whole[at] ^= 1 << data.draw(st.integers(0, 7))
    with TemporaryDirectory() as directory:
        (Path(directory) / "state.sqlite").write_bytes(whole)
        try:
            clusters = remains(Path(directory)).clusters
        except Misconfigured:
            return
    assert clusters == calm.remains.clusters
