"""The line files hold every row once, in order, wherever a crash left them."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import Misconfigured
from engine.lineage import Event
from engine.types import Batch, Outcome
from exporters.jsonl import JsonLines, JsonLinesSink
from tests.builders import make_outcome, make_rejection

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=9)
json_rows = st.lists(texts.map(orjson.dumps))


@settings(deadline=None)
@given(json_rows, st.data())
def test_catching_up_after_a_crash_anywhere(rows: list[bytes], data: st.DataObject) -> None:
    """Cut at any byte, the file is whole again after catching up."""
    whole = b"".join(row + b"\n" for row in rows)
    with TemporaryDirectory() as directory:
        path = Path(directory) / "events.jsonl"
        path.write_bytes(whole[: data.draw(st.integers(0, len(whole)))])
        JsonLines(path).catch_up(rows)
        assert path.read_bytes() == whole


def test_catching_up_across_chunks(tmp_path: Path) -> None:
    """A big file is counted piece by piece, a line torn beyond the last piece included."""
    path, rows = tmp_path / "out" / "events.jsonl", [b"x" * 300_000 for _ in range(9)]
    lines = JsonLines(path)
    lines.catch_up(rows[:8])
    with path.open("ab") as file:
        file.write(b"y" * 2_500_000)
    lines.catch_up(rows)
    assert path.read_bytes().splitlines() == rows


def test_appending_goes_on_where_catching_up_ended(tmp_path: Path) -> None:
    """Rows of later batches follow the history."""
    lines = JsonLines(tmp_path / "events.jsonl")
    lines.catch_up([b"1"])
    lines.append([b"2", b"3"])
    lines.append([])
    assert (tmp_path / "events.jsonl").read_bytes() == b"1\n2\n3\n"


def test_a_file_of_another_state_is_refused(tmp_path: Path) -> None:
    """More lines than the state knows of cannot be a copy of it; they are left alone."""
    path = tmp_path / "events.jsonl"
    path.write_bytes(b"1\n2\n3\n")
    with pytest.raises(Misconfigured, match=r"3 lines.*move it away"):
        JsonLines(path).catch_up([b"1", b"2"])
    assert path.read_bytes() == b"1\n2\n3\n"


def test_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    """A directory in its place, or a full disk: one clear line."""
    with pytest.raises(Misconfigured, match="cannot be written"):
        JsonLines(tmp_path).catch_up([])
    if Path("/dev/full").exists():
        with pytest.raises(Misconfigured, match="make room"):
            JsonLines(Path("/dev/full")).append([b"1"])


def event_body(outcome: Outcome, event: Event) -> dict[str, object]:
    return {"image": outcome.cause.image_id, "seq": event.seq}


def test_sink_writes_history_then_batches(tmp_path: Path) -> None:
    """Events and rejections land in their files, one a line, history first."""
    events, rejected = tmp_path / "events.jsonl", tmp_path / "rejected.jsonl"
    sink = JsonLinesSink(JsonLines(events), JsonLines(rejected), event_body)
    sink.catch_up([make_outcome("a")], [])
    sink.publish(Batch((make_outcome("b"),), (make_rejection("bad"),)))
    rows = [orjson.loads(line) for line in events.read_bytes().splitlines()]
    assert rows == [{"image": name, "seq": seq} for name in "ab" for seq in (1, 2)]
    assert [orjson.loads(line) for line in rejected.read_bytes().splitlines()] == [
        {
            "image_id": "bad",
            "scope": "site",
            "source": "topic",
            "partition": 0,
            "offset": 0,
            "reason": "too_large",
            "detail": "90 MB",
        }
    ]
