"""kill -9 while a state is embedded anew: the old one is whole, and the command can be repeated."""

from __future__ import annotations

import shutil
from contextlib import closing
from pathlib import Path

from state.audit import audit
from state.survey import open_state
from tests.onnx_model import flatten_model
from tests.recovery.conftest import Calm
from tests.recovery.kit import SETTINGS, Worker, until
from tests.state.kit import bytes_of, lineage, with_card


def sound(state: Path) -> bool:
    with closing(open_state(state / "state.sqlite")) as opened:
        return not list(audit(opened))


def test_killed_while_writing(calm: Calm, tmp_path: Path) -> None:
    """Nothing or all of the new state is there, nothing of the old one has changed."""
    model = with_card(tmp_path / "tiny.onnx", flatten_model())
    old, new = shutil.copytree(calm.state, tmp_path / "old"), tmp_path / "new"
    before = bytes_of(old)
    where = (str(old), "--images", str(calm.photos), "--encoder", str(model), "-o", str(new))
    command = ("state", "reembed", *where)
    life = Worker(tmp_path / "said", command, SETTINGS)
    until(lambda: not life.alive or bool(list(tmp_path.glob(".reembedding-*/new/*-wal"))))
    life.kill()
    assert before.items() <= bytes_of(old).items()  # beside an empty log
    assert sound(old)
    assert not new.exists() or sound(new)
    shutil.rmtree(new, ignore_errors=True)
    again = Worker(tmp_path / "said again", command, SETTINGS)
    assert again.end() == 0, again.message()
    assert sound(new)
    assert lineage(new) == calm.remains.lineage
    assert bytes_of(old) == before
