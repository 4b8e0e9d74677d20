"""Commands left for a running worker: each read once, whatever is torn, blank or nonsense."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from consumer.spool import COMMANDS, MAX_LINE_BYTES, CommandedSource, Spool
from engine.commands import ConfirmCluster
from engine.errors import Misconfigured
from engine.types import Batch, Correction, Origin, Rejection
from tests.fakes import MemoryStore
from tests.scripts import ScriptedSource
from tests.unit.test_loop import photo

NOWHERE = Origin("", 0, 0)


def command(name: str) -> Correction:
    return Correction(name, "site", NOWHERE, ConfirmCluster("a"), "me", expects=(("a", 3),))


def names(messages: object) -> list[str]:
    assert isinstance(messages, list)
    return [m.command_id if isinstance(m, Correction) else m.reason for m in messages]


def test_what_is_left_is_read_in_order(tmp_path: Path) -> None:
    """Whole and equal, a few at a time, each with where to go on."""
    spool = Spool(tmp_path)
    assert spool.read(0, 10) == []
    for name in "abc":
        spool.append(command(name))
    first, second = spool.read(0, 2)
    assert replace(first, origin=NOWHERE) == command("a")
    assert names(spool.read(second.origin.offset, 10)) == ["c"]
    assert first.origin.source == COMMANDS


def test_a_torn_line_spoils_no_other(tmp_path: Path) -> None:
    """A writer died in the middle: what follows begins a line of its own."""
    spool = Spool(tmp_path)
    spool.append(command("a"))
    with (tmp_path / COMMANDS).open("ab") as file:
        file.write(b'{"command_id": "torn", "comm')
    assert names(spool.read(0, 10)) == ["a"]
    spool.append(command("b"))
    assert names(spool.read(0, 10)) == ["a", "bad_command", "b"]


@pytest.mark.parametrize("line", [b"[]", b'"x"', b"\xff", b"{}", b'{"scope": 7}', b"[" * 9000])
def test_nonsense_is_refused_and_passed(tmp_path: Path, line: bytes) -> None:
    """What is no command is told as such; blank lines are nothing."""
    (tmp_path / COMMANDS).write_bytes(b"\n" + line + b"\n  \n")
    (rejection,) = Spool(tmp_path).read(0, 10)
    assert isinstance(rejection, Rejection)
    assert (rejection.reason, rejection.of) == ("bad_command", "command")


def test_an_endless_line_does_not_block(tmp_path: Path) -> None:
    """It is cut to what a command may weigh, and what comes behind is read."""
    (tmp_path / COMMANDS).write_bytes(b"x" * (MAX_LINE_BYTES + 5) + b"\n")
    Spool(tmp_path).append(command("a"))
    assert names(Spool(tmp_path).read(0, 10)) == ["bad_command", "bad_command", "a"]


def test_another_file_is_read_from_its_start(tmp_path: Path) -> None:
    """Somebody moved the old one away; ids keep a command from being carried out twice."""
    Spool(tmp_path).append(command("a"))
    assert names(Spool(tmp_path).read(10_000, 10)) == ["a"]


def test_where_it_cannot_be_written_is_said(tmp_path: Path) -> None:
    """In one line, with the place."""
    with pytest.raises(Misconfigured, match="cannot be written"):
        Spool(tmp_path / "nowhere").append(command("a"))


def test_commands_go_before_photos_and_are_read_on_from_what_is_committed(tmp_path: Path) -> None:
    """Read but not committed they come again; committed they do not."""
    store = MemoryStore()
    photos = ScriptedSource([photo(0, 1, 1)], store)
    source = CommandedSource(photos, Spool(tmp_path), store.position)
    Spool(tmp_path).append(command("a"))
    (read,) = source.poll(10, 0.0)
    assert read.command_id == "a"
    source.rewind()
    assert source.poll(10, 0.0) == [read]
    store.commit(Batch(positions=(read.origin,)))
    source.rewind()
    assert [type(m).__name__ for m in source.poll(10, 0.0)] == ["Photo"]
    assert source.exhausted
    Spool(tmp_path).append(command("b"))
    assert not source.exhausted
