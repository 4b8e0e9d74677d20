"""`cairn view` on the state of a folder: told once, brought up to date, made anew."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from pathlib import Path

from engine.types import Batch, Origin
from exporters.view.opening import open_view
from state.identity import Identity
from state.store import open_store
from tests.builders import make_outcome, make_rejection
from tests.commands import cairn, complaint

IDENTITY = str(Identity("tests", 8, "whole", "none", "place"))


def keep(directory: Path, *names: str, refused: str) -> None:
    """Photos of scopes of their own, and one that was refused."""
    with closing(open_store(directory / "state.sqlite", IDENTITY)) as store:
        outcomes = tuple(make_outcome(name, scope=name) for name in names)
        rejection = replace(make_rejection(refused), origin=Origin(f"file:{refused}", 0, 1))
        store.commit(Batch(outcomes, (rejection,)))


def test_a_state_is_told_once(tmp_path: Path) -> None:
    """What is new is added; what is there stays; from the beginning where that is asked for."""
    url = f"sqlite:///{tmp_path}/view.db"
    keep(tmp_path, "a", "b", refused="x")
    assert "3 outcomes and refusals told" in cairn("view", "--state", tmp_path, "--to", url).stderr
    assert "0 outcomes" in cairn("view", "--state", tmp_path, "--to", url).stderr
    keep(tmp_path, "c", refused="y")
    assert "2 outcomes" in cairn("view", "--state", tmp_path, "--to", url).stderr
    assert "5 outcomes" in cairn("view", "--state", tmp_path, "--to", url, "--anew").stderr
    with closing(open_view(url, IDENTITY)) as view:
        assert view.scopes() == ["a", "b", "c"]
        assert view.counts().images == 3
        assert [point.item_id for point in view.points("c")] == ["c#0"]
        assert view.counts().rejections == {("image", "too_large"): 2}


def test_what_cannot_be_is_said(tmp_path: Path) -> None:
    """No state, no database, neither or both of state and Kafka: one line each."""
    url = f"sqlite:///{tmp_path}/view.db"
    assert "no state file" in complaint("view", "--state", tmp_path / "no", "--to", url)
    assert "give --state DIR or --kafka" in complaint("view", "--to", url)
    keep(tmp_path, "a", refused="x")
    assert "no address" in complaint("view", "--state", tmp_path, "--to", "view.db")
