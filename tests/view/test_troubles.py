"""What the world does to the database of a view: it passes, and nothing is left undone."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Connection, Engine, create_engine, make_url
from sqlalchemy.pool import QueuePool

from engine.commands import ForgetImage
from engine.errors import Transient
from engine.lineage import Forgotten
from engine.types import Vector
from exporters.view.backend import Near
from exporters.view.database import Database
from exporters.view.opening import open_filled_view, open_view
from exporters.view.sqlite import Sqlite
from tests.recovery.kit import until
from tests.view.kit import IDENTITY, Album, Feed
from tests.view.server import blank

NOTE = "somebody lives here"


class Stuck:
    """A backend whose scrubbing fails so often, and counts."""

    def __init__(self, engine: Engine, failures: int = 0) -> None:
        self._engine = engine
        self.failures = failures
        self.scrubbed = 0

    @property
    def engine(self) -> Engine:
        return self._engine

    def scrub(self) -> bool:
        self.failures -= 1
        self.scrubbed += self.failures < 0
        return self.failures < 0

    def prepare(self, connection: Connection) -> None: ...

    def measure(self, connection: Connection, dim: int | None) -> None: ...

    def index(self, connection: Connection, dim: int) -> None: ...

    def nearest_items(
        self, connection: Connection, scope_n: int, vector: Vector, k: int, without: Collection[int]
    ) -> Near:
        return []

    def nearest_clusters(
        self, connection: Connection, scope_n: int, vector: Vector, k: int
    ) -> Near:
        return []


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Somebody who keeps the write-ahead log from being cut."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("BEGIN")
        db.execute("SELECT count(*) FROM images").fetchall()
        yield


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Of a view that does not exist yet."""
    return tmp_path / "view.sqlite"


def holds(path: Path) -> bool:
    """Whether a file of the view has the note."""
    return any(NOTE.encode() in one.read_bytes() for one in path.parent.iterdir())


def forget(feed: Feed, album: Album) -> None:
    feed.tell(album.photo("a", "c", attributes={"note": NOTE}))
    feed.tell(album.command("f", ForgetImage("a"), Forgotten("c", "a#0", 1)))


def test_what_a_reader_was_in_the_way_of_is_scrubbed_later(path: Path, album: Album) -> None:
    """With the next thing that is told, whatever that is."""
    with closing(open_view(f"sqlite:///{path}", IDENTITY)) as view:
        feed = Feed(view)
        feed.tell(album.photo("first", "c0"))
        with reading(path):
            forget(feed, album)
            assert holds(path)
        feed.tell(album.photo("next", "c1"))
        assert not holds(path)


def test_what_a_killed_process_left_is_scrubbed_when_a_view_is_opened(
    path: Path, album: Album
) -> None:
    """By whoever opens it."""
    with closing(open_view(f"sqlite:///{path}", IDENTITY)) as view:
        with reading(path):
            forget(Feed(view), album)
        assert holds(path)
        open_filled_view(f"sqlite:///{path}").close()
        assert not holds(path)


def test_scrubbing_stays_due_until_it_worked(path: Path, album: Album) -> None:
    """What was forgotten is written though it fails; then it is done once for each forgetting."""
    open_view(f"sqlite:///{path}", IDENTITY).close()
    backend = Stuck(Sqlite(path).engine, failures=3)
    with closing(Database(backend)) as view:
        forget(Feed(view), album)
        assert view.counts().images == 0
        assert backend.scrubbed == 0
        for _ in range(3):
            view.index()
        assert backend.scrubbed == 1


def test_a_file_that_cannot_be_reached_is_not_scrubbed(path: Path) -> None:
    """And that stops nobody."""
    assert not Sqlite(path.parent / "missing" / "view.sqlite").scrub()


def test_who_finds_no_connection_left_tries_again(path: Path) -> None:
    """So many others read at once."""
    open_view(f"sqlite:///{path}", IDENTITY).close()
    options = {"poolclass": QueuePool, "pool_size": 1, "max_overflow": 0, "pool_timeout": 0.01}
    engine = create_engine(f"sqlite:///{path}", **options)
    view = Database(Stuck(engine))
    with engine.connect(), pytest.raises(Transient, match="QueuePool limit"):
        view.scopes()
    assert view.scopes() == []
    view.close()


def test_a_server_that_ends_what_takes_long_is_asked_again(server: str, album: Album) -> None:
    """As its operator may have it do where a transaction is open and nothing happens."""
    blank(server)
    setting = "-c idle_in_transaction_session_timeout=100 -c application_name=slow"
    url = make_url(server).update_query_dict({"options": setting})
    with closing(open_view(url.render_as_string(hide_password=False), IDENTITY)) as view:
        Feed(view).tell(album.photo("a", "c1"), album.photo("b", "c2"))
        slow = view.placements()
        next(slow)
        until(lambda: not in_transaction(server))
        with pytest.raises(Transient, match="idle-in-transaction"):
            list(slow)
        assert len(list(view.placements())) == 2


def in_transaction(server: str) -> int:
    """How many of the slow are."""
    query = (
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'slow' AND state LIKE %s"
    )
    with psycopg.connect(server) as db:
        return int(db.execute(query, ("idle in transaction%",)).fetchone()[0])
