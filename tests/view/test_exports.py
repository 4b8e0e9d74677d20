"""What is exported of a view is what is exported of the state that it follows."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from pyarrow import parquet

from engine.jobs.placements import Placement, placements
from engine.types import Batch
from exporters.result import result_rows
from exporters.view.port import View
from state.identity import Identity
from state.store import open_store
from tests.commands import cairn, complaint, rows
from tests.shards import LOOSE, SMALL
from tests.view.kit import Album, Feed, history, outcomes_with_times

IDENTITY = str(Identity("tests", 8, "whole", "none", "place"))


def test_a_view_places_every_item_as_its_state_does(view: View) -> None:
    """After merges, splits, moves, names and forgetting."""
    desk = history(3, LOOSE)
    outcomes = outcomes_with_times(desk)
    Feed(view).tell(*outcomes)
    expected = placements(outcomes)
    found = list(view.placements())
    assert list(map(known, found)) == list(map(known, expected))
    assert result_rows(found) == result_rows(expected)


def known(one: Placement) -> tuple[object, ...]:
    """A placement as something that can be compared."""
    item = one.item
    about = item.item_id, item.vector.tobytes(), item.box, item.label, item.score, item.quality
    return (one.image, *about, one.cluster_id, one.confirmed, one.confidence, one.called)


def test_one_scope_is_placed_alone(view: View, feed: Feed, album: Album) -> None:
    """Others are left out, and one that nobody knows is empty."""
    feed.tell(album.photo("a", "c"))
    Feed(view, "other").tell(Album("elsewhere").photo("b", "c"))
    assert [one.item.item_id for one in view.placements("elsewhere")] == ["b#0"]
    assert len(list(view.placements())) == 2
    assert not list(view.placements("nowhere"))


def test_placements_are_of_one_moment(view: View, feed: Feed, album: Album) -> None:
    """What is told while they are read is not among them."""
    feed.tell(album.photo("a", "c"), album.photo("b", "d"))
    with closing(view.placements()) as found:  # type: ignore[type-var]
        next(found)
        feed.tell(album.photo("z", "e"))
        assert [one.item.item_id for one in found] == ["b#0"]


def test_the_commands_write_the_same(tmp_path: Path, address: str) -> None:
    """Result and table of a state directory, and of the view that was told of it."""
    with closing(open_store(tmp_path / "state.sqlite", IDENTITY)) as store:
        store.commit(Batch(tuple(history(5, SMALL, 60).outcomes)))
    cairn("view", "--state", tmp_path, "--to", address)
    written = placements_of(tmp_path)
    files = tmp_path / "view.json", tmp_path / "view.parquet"
    told = cairn("result", "--view", address, "-o", files[0], "--parquet", files[1])
    assert "Clusters" in told.stderr
    assert rows(files[0]) == result_rows(written)
    table = parquet.read_table(files[1])
    assert table["item"].to_pylist() == [one.item.item_id for one in written]
    assert np.stack(table["vector"].to_numpy()).tobytes() == b"".join(
        one.item.vector.tobytes() for one in written
    )


def placements_of(directory: Path) -> list[Placement]:
    with closing(open_store(directory / "state.sqlite", IDENTITY)) as store:
        return placements(store.outcomes())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--view", "sqlite:///lost.db"], "there is no lost.db"),
        (["--view", "x"], "no address"),
        (["--view", "sqlite:///x.db", "--state", "s"], "neither --state nor --html"),
    ],
)
def test_what_cannot_be_is_said(arguments: list[str], words: str, tmp_path: Path) -> None:
    """In one line, and nothing is written."""
    path = tmp_path / "r.json"
    assert words in complaint("result", *arguments, "-o", path)
    assert not path.exists()
