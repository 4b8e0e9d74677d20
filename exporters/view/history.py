"""What happened, as answers: lineage, events, commands."""

from __future__ import annotations

from typing import Any

import orjson
from sqlalchemy import Connection, Row, Select, func, select

from exporters.view.answers import CommandRow, Page, Told
from exporters.view.cursor import read_cursor, write_cursor
from exporters.view.reading import page, scope_number
from exporters.view.tables import commands, events, ledger, lineage, scopes

_EVENTS = select(events.c.number, events.c.body)
_ORDER = "lineage"


def about(db: Connection, cluster_n: int, limit: int, cursor: str | None) -> Page[Told]:
    """Events about a cluster, newest first."""
    query = _EVENTS.join(lineage, lineage.c.number == events.c.number)
    query = query.where(lineage.c.cluster_n == cluster_n).order_by(lineage.c.number.desc())
    if cursor is not None:
        key, _ = read_cursor(cursor, _ORDER, int)
        query = query.where(lineage.c.number < key)
    found = _told(db, query.limit(limit + 1))
    return page(found, limit, lambda one: write_cursor(_ORDER, one.number, one.number))


def after(db: Connection, number: int, limit: int, scope: str | None) -> list[Told]:
    """Events that came after one, in order."""
    query = _EVENTS.where(events.c.number > number).order_by(events.c.number)
    if scope is not None:
        # Plus 0: in order of numbers, whatever an index of scopes would promise.
        query = query.where(events.c.scope_n + 0 == scope_number(db, scope))
    return _told(db, query.limit(limit))


def last(db: Connection) -> int:
    """Number of the last event."""
    return db.scalar(select(func.max(ledger.c.events))) or 0


def settled(db: Connection, scope: str | None, limit: int) -> list[CommandRow]:
    """Commands that were settled last, in one scope or in all."""
    query = select(commands, scopes.c.scope).join(scopes, scopes.c.n == commands.c.scope_n)
    if scope is not None:
        query = query.where(commands.c.scope_n == scope_number(db, scope))
    ordered = query.order_by(commands.c.told.desc(), scopes.c.n, commands.c.command_id)
    return [_command(row.scope, row) for row in db.execute(ordered.limit(limit))]


def command(db: Connection, scope: str, command_id: str) -> CommandRow | None:
    """What became of a command."""
    here = (commands.c.scope_n == scope_number(db, scope)) & (commands.c.command_id == command_id)
    row = db.execute(select(commands).where(here)).first()
    return None if row is None else _command(scope, row)


def _command(scope: str, row: Row[Any]) -> CommandRow:
    made = None if row.first_event is None else (row.first_event, row.last_event)
    body = orjson.loads(row.body)
    return CommandRow(scope, row.command_id, row.applied, body, row.author, row.asked_at, made)


def _told(db: Connection, query: Select[Any]) -> list[Told]:
    return [Told(row.number, orjson.loads(row.body)) for row in db.execute(query)]
