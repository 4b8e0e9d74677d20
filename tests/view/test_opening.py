"""Views are opened, carried over from older versions, and refused where they are of another."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text

from engine.errors import Misconfigured, StateMismatch
from exporters.view.backend import Backend
from exporters.view.ledger import Ledger, write_ledger
from exporters.view.migrate import upgrade
from exporters.view.opening import backend_of, open_filled_view, open_view
from exporters.view.tables import METADATA
from tests.view.kit import IDENTITY, Album, Feed


def _writing(backend: Backend):
    return backend.engine.execution_options(writing=True).begin()


@pytest.mark.filterwarnings("ignore:Did not recognize type 'vector'")
def test_migrations_make_the_tables_that_the_code_knows(address: str) -> None:
    """Nobody changed the one without the other."""
    open_view(address, IDENTITY).close()
    backend = backend_of(address)
    with backend.engine.begin() as db:
        context = MigrationContext.configure(db)
        differences = compare_metadata(context, METADATA)
    backend.engine.dispose()
    assert differences == []


def test_an_older_view_is_carried_over(address: str) -> None:
    """With all that it holds."""
    backend = backend_of(address)
    with _writing(backend) as db:
        backend.prepare(db)
        upgrade(db, "0001")
        write_ledger(db, Ledger(IDENTITY, events=7))
        db.execute(text("INSERT INTO positions VALUES ('journal', 0, 41)"))
    backend.engine.dispose()
    view = open_view(address, IDENTITY)
    assert view.position("journal", 0) == 41
    assert view.last_event() == 7
    Feed(view, "more").tell(Album().photo("a", "c"))
    view.refresh("site")
    assert len(view.points("site").items) == 1
    view.close()


def test_a_newer_view_is_refused(address: str) -> None:
    """In one sentence, and it stays as it is."""
    open_view(address, IDENTITY).close()
    backend = backend_of(address)
    with _writing(backend) as db:
        db.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    backend.engine.dispose()
    with pytest.raises(Misconfigured, match="schema '9999', which this Cairn does not know"):
        open_view(address, IDENTITY)


def test_a_view_of_another_state_is_refused(address: str) -> None:
    """Unless it shall be made anew."""
    view = open_view(address, IDENTITY)
    Feed(view).tell(Album().photo("a", "c"))
    view.close()
    with pytest.raises(StateMismatch, match="fake/1, but other is configured"):
        open_view(address, "other")
    view = open_view(address, "other", anew=True)
    assert view.counts().items == 0
    view.close()
    open_view(address, "other").close()


def test_a_view_is_read_whatever_state_it_follows(address: str) -> None:
    """Who only reads need not know; where there is no view yet, none is made."""
    for _ in range(2):
        with pytest.raises(Misconfigured, match="cairn view --to URL"):
            open_filled_view(address)
    view = open_view(address, IDENTITY)
    Feed(view).tell(Album().photo("a", "c"))
    view.close()
    view = open_filled_view(address)
    assert view.counts().items == 1
    view.close()
    open_view(address, IDENTITY).close()


@pytest.mark.parametrize(
    "url", ["", "nonsense", "mysql://host/name", "sqlite://", "sqlite:////proc/no/view.sqlite"]
)
def test_an_address_that_cannot_be_used_is_refused(url: str) -> None:
    """In words for the operator."""
    with pytest.raises(Misconfigured):
        open_view(url, IDENTITY)


def test_a_server_that_is_away_is_named_without_its_password() -> None:
    """What is shown may end in a log."""
    with pytest.raises(Misconfigured, match="cannot be used") as refused:
        open_view("postgresql://ann:secret@127.0.0.1:1/view", IDENTITY)
    assert "secret" not in str(refused.value)


def test_what_is_no_view_is_refused(tmp_path: Path) -> None:
    """Some other file stays as it is."""
    path = tmp_path / "photo.jpg"
    path.write_bytes(b"no database" * 1000)
    with pytest.raises(Misconfigured, match="cannot be used"):
        open_view(f"sqlite:///{path}", IDENTITY)
    assert path.read_bytes() == b"no database" * 1000


def test_a_view_tells_what_its_state_is_made_with(address: str) -> None:
    """Also while somebody makes it anew: who looks with other eyes has to stop."""
    open_view(address, IDENTITY).close()
    view = open_filled_view(address)
    assert view.identity == IDENTITY
    open_view(address, "other/1", anew=True).close()
    assert view.identity == "other/1"
    view.close()
