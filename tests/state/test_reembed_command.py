"""`cairn state reembed`: another encoder, the same clusters; whole or not at all."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cairn.cli import app
from engine.types import Batch, Origin
from state.identity import Identity
from state.records import encode_outcome
from state.store import open_store
from tests.builders import DIM
from tests.commands import cairn, complaint
from tests.onnx_model import nan_model
from tests.state.kit import bytes_of, clusters, lineage, outcomes, with_card


def test_another_encoder_goes_on_with_the_same_clusters(
    state: Path, halves: tuple[Path, Path], drawn: Path, tiny: Path
) -> None:
    """Refused as it is; embedded anew, later photos land on the piles that were there."""
    run = ("run", "--source", drawn, "--once", "--encoder", tiny)
    before, told = bytes_of(state), (state / "events.jsonl").read_bytes()
    line = complaint(*run, "--state", state)
    assert f"cairn state reembed {state} --images" in line
    assert bytes_of(state) == before
    said = cairn("state", "reembed", state, "--images", halves[0], "--encoder", tiny).stderr
    assert "made with encoder tiny-" in said
    assert bytes_of(state) == before
    new = Path(f"{state}-new")
    assert lineage(new) == lineage(state)
    assert [len(o.items[0].vector) for o in outcomes(new)] == [192] * len(outcomes(state))
    assert "sound" in cairn("state", "verify", new).stdout
    cairn(*run, "--state", new)
    assert (new / "events.jsonl").read_bytes().startswith(told)
    later = clusters(new)
    assert clusters(state).items() <= later.items()
    joined = {later[name] for name in later.keys() - clusters(state).keys()}
    assert joined & set(clusters(state).values())
    assert "was made with encoder tiny-" in complaint("run", "--source", drawn, "--state", new)


def test_the_same_encoder_gives_the_same_state(state: Path, halves: tuple[Path, Path]) -> None:
    """Bit by bit what was there, features of exemplars and positions included."""
    cairn("state", "reembed", state, "--images", halves[0], "-o", "again")
    for before, after in zip(outcomes(state), outcomes(Path("again")), strict=True):
        assert encode_outcome(after) == encode_outcome(before)
    assert dump("again") == dump(state)


def dump(directory: Path | str) -> list[str]:
    with closing(sqlite3.connect(Path(directory, "state.sqlite"))) as db:
        return list(db.iterdump())


def test_photos_are_told_by_content(state: Path, halves: tuple[Path, Path], tiny: Path) -> None:
    """Other names in other folders, beside other photos: all the same."""
    moved = Path("moved/deep")
    moved.mkdir(parents=True)
    for number, path in enumerate(sorted(halves[0].iterdir())):
        shutil.copy(path, moved / f"{number}.jpeg")
    cairn("state", "reembed", state, "--images", "moved", "--encoder", tiny, "-o", "new")
    assert lineage(Path("new")) == lineage(state)


def test_missing_and_changed_photos_are_named_before_anything_is_written(
    state: Path, halves: tuple[Path, Path], tiny: Path, tmp_path: Path
) -> None:
    """Every one of them; then the command stops, and there is no new state."""
    photos = Path("photos")
    shutil.copytree(halves[0], photos)
    (photos / "IMG_0001.jpg").unlink()
    shutil.copy(photos / "IMG_0003.jpg", photos / "IMG_0005.jpg")
    there = set(tmp_path.iterdir())
    command = ["state", "reembed", str(state), "--images", "photos", "--encoder", str(tiny)]
    result = CliRunner().invoke(app, command)
    assert "missing: IMG_0001.jpg\nchanged: IMG_0005.jpg\n" in result.stderr
    assert "2 photos of the state are not in photos" in str(result.exception)
    assert set(tmp_path.iterdir()) == there


NARROW = "[guards]\nmax_side = 100\n"
FAILS = {
    "without a direction": ("--encoder", "broken.onnx"),
    "set `guards` as they were": ("--config", "narrow.toml"),
    "exists already": ("-o", "state"),
    "cannot write": ("-o", "no/where"),
}


@pytest.mark.parametrize("fault", FAILS)
def test_nothing_is_left_of_what_fails(
    state: Path, halves: tuple[Path, Path], tmp_path: Path, fault: str
) -> None:
    """A model that answers nothing, guards that are narrower now, a place that cannot be."""
    with_card(Path("broken.onnx"), nan_model(8))
    Path("narrow.toml").write_text(NARROW)
    there = set(tmp_path.iterdir())
    command = ("state", "reembed", state, "--images", halves[0], *FAILS[fault])
    assert fault in complaint(*command)
    assert set(tmp_path.iterdir()) == there


def test_the_profile_is_that_of_the_state(drawn: Path, tiny: Path) -> None:
    """Whatever the settings say: clusters keep their meaning, and no features where none were."""
    cairn("run", "--source", drawn, "--once", "--state", "things", "--profile", "object")
    cairn("state", "reembed", "things", "--images", drawn, "--encoder", tiny)
    shown = cairn("state", "inspect", "things-new").stdout
    assert "local features none, profile object" in " ".join(shown.split())
    assert clusters(Path("things-new")) == clusters(Path("things"))


def test_a_copy_of_a_journal_is_told(halves: tuple[Path, Path], tmp_path: Path) -> None:
    """Where the truth is Kafka's, the file alone does not do."""
    identity = str(Identity("e", DIM, "whole", "none", "object"))
    with closing(open_store(tmp_path / "kafka" / "cairn.images-0.sqlite", identity)) as store:
        store.commit(Batch(marks=(Origin("journal", 0, 9), Origin("cairn.images", 0, 5))))
    said = cairn("state", "reembed", "kafka", "--images", halves[0]).stderr
    assert "cairn.images-0.sqlite is a copy of a Kafka journal" in " ".join(said.split())
    shown = cairn("state", "inspect", "kafka-new").stdout
    assert "read of cairn.images partition 0 to 5" in " ".join(shown.split())
