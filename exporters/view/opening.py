"""Opens a view: the one place that tells kinds of databases apart."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from sqlalchemy import Connection
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, SQLAlchemyError

from engine.errors import Misconfigured, StateMismatch
from exporters.view.backend import Backend
from exporters.view.database import Database
from exporters.view.layout import Layout, lay_out
from exporters.view.ledger import Ledger, read_ledger, write_ledger
from exporters.view.migrate import upgrade
from exporters.view.sqlite import Sqlite
from exporters.view.writing import empty


def open_view(url: str, identity: str, *, anew: bool = False, layout: Layout = lay_out) -> Database:
    """Open or create a read model.

    url: `sqlite:///relative/path`, `sqlite:////absolute/path` or `postgresql://user@host/name`.
    identity: what the state that it follows is made with. anew: empty it, to follow another.
    layout: of its map.
    Raises StateMismatch where it follows another state, Misconfigured where the database cannot
    be used or a newer Cairn wrote it.
    """
    return _opened(
        url, lambda db, backend: _prepare(db, backend, identity, anew=anew), layout=layout
    )


def open_filled_view(url: str) -> Database:
    """Open a read model that `open_view` made, whatever state it follows.

    Raises Misconfigured where there is none, it cannot be used or a newer Cairn wrote it.
    """
    return _opened(url, _prepare_filled, create=False)


def _opened(
    url: str,
    prepare: Callable[[Connection, Backend], None],
    *,
    create: bool = True,
    layout: Layout = lay_out,
) -> Database:
    backend = backend_of(url, create=create)
    shown = make_url(url).render_as_string()
    try:
        writer = backend.engine.execution_options(writing=True)
        with writer.begin() as db:
            prepare(db, backend)
    except SQLAlchemyError as error:
        backend.engine.dispose()
        reason = error.orig if isinstance(error, DatabaseError) else error
        raise Misconfigured(f"the view {shown} cannot be used: {reason}") from error
    except Misconfigured:
        backend.engine.dispose()
        raise
    view = Database(backend, layout)
    view.scrub()
    return view


def backend_of(url: str, *, create: bool = True) -> Backend:
    """The kind of database at an address, not yet opened; raises Misconfigured.

    create: make the directory of a file that is to be made.
    """
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise Misconfigured(f"{url!r} is no address of a database: {_KINDS}") from error
    if parsed.drivername == "sqlite" and parsed.database:
        path = Path(parsed.database)
        if not create and not path.is_file():
            raise Misconfigured(f"there is no {path}: {_MAKE_IT}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise Misconfigured(f"{path} cannot be created: {error}") from error
        return Sqlite(path)
    if parsed.get_backend_name() != "postgresql":
        raise Misconfigured(f"{parsed.drivername!r} is no database for a view: {_KINDS}")
    try:
        from exporters.view.postgres import Postgres  # noqa: PLC0415 # of the extra `postgres`

        return Postgres(url)
    except ImportError as error:
        advice = "pip install 'imagecairn[serve,postgres]'"
        raise Misconfigured(f"PostgreSQL needs {error.name}: {advice}") from error


_KINDS = "give sqlite:///PATH or postgresql://USER@HOST/NAME"
_MAKE_IT = "fill a view first, with `cairn view --to URL`"


def _prepare_filled(db: Connection, backend: Backend) -> None:
    backend.prepare(db)
    upgrade(db)
    if read_ledger(db) is None:
        raise Misconfigured(f"the database holds no view: {_MAKE_IT}")


def _prepare(db: Connection, backend: Backend, identity: str, *, anew: bool) -> None:
    backend.prepare(db)
    upgrade(db)
    counted = read_ledger(db)
    if counted is None:
        write_ledger(db, Ledger(identity))
    elif anew:
        counted.identity = identity
        empty(db, backend, counted)
    elif counted.identity != identity:
        raise StateMismatch(
            f"the view follows a state made with {counted.identity}, but {identity} is "
            "configured: restore that configuration, or build the view anew"
        )
