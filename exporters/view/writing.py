"""One batch of a feed into the database, in one transaction with how far the feed was read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import TypeAlias

import orjson
from sqlalchemy import Connection, delete, func, insert, select, update

from engine.types import ImageRecord, Origin, Outcome, Rejection
from exporters.view.answers import Behind
from exporters.view.backend import Backend
from exporters.view.ledger import Ledger, write_ledger
from exporters.view.loading import load_scope, number_of
from exporters.view.saving import Saving
from exporters.view.tables import (
    METADATA,
    commands,
    followed,
    ledger,
    positions,
    rejections,
    scopes,
    thumbnails,
)

Told: TypeAlias = tuple[Origin, Outcome | Rejection]
"""Something of a feed, and its place there."""
KEPT = frozenset((ledger, scopes, thumbnails))
"""Tables that outlive a rebuild: thumbnails, which no journal holds, with what names them."""


def write(connection: Connection, backend: Backend, counted: Ledger, told: Sequence[Told]) -> bool:
    """Write what is new of `told`, and tell whether anything was forgotten by it."""
    new = _unknown(connection, told)
    by_scope: dict[str, list[Outcome]] = defaultdict(list)
    for _, one in new:
        if isinstance(one, Outcome):
            by_scope[one.scope].append(one)
    _learn_dim(connection, backend, counted, by_scope.values())
    forgotten = False
    for name, outcomes in by_scope.items():
        scope_n, scope = load_scope(connection, name, outcomes)
        for outcome in outcomes:
            scope.add(outcome)
        Saving(connection, counted, scope_n, scope).save()
        forgotten |= bool(scope.forgotten)
    for _, one in new:
        if isinstance(one, Rejection):
            _reject(connection, counted, one)
    _advance(connection, new)
    write_ledger(connection, counted)
    return forgotten


def empty(connection: Connection, backend: Backend, counted: Ledger) -> None:
    """Forget all but thumbnails; numbers go on, so that nobody takes a new event for an old one."""
    for table in METADATA.sorted_tables:
        if table not in KEPT:
            connection.execute(delete(table))
    connection.execute(delete(thumbnails).where(func.length(thumbnails.c.jpeg) == 0))
    connection.execute(update(scopes).values(seq=0))
    counted.generation, counted.dim = counted.generation + 1, None
    backend.measure(connection, None)
    write_ledger(connection, counted)


def position(connection: Connection, source: str, partition: int) -> int | None:
    """Offset of the last thing that was written of a partition of a feed."""
    here = (positions.c.source == source) & (positions.c.partition == partition)
    return connection.scalar(select(positions.c.offset).where(here))


def sources(connection: Connection) -> frozenset[str]:
    """Feeds that anything was written of."""
    return frozenset(connection.scalars(select(positions.c.source).distinct()))


def tell_behind(connection: Connection, told: Sequence[Behind]) -> None:
    """Write how far something is behind over what was known of it."""
    for one in told:
        here = (followed.c.source == one.source) & (followed.c.partition == one.partition)
        connection.execute(delete(followed).where(here))
        connection.execute(insert(followed).values(**asdict(one)))


def _unknown(connection: Connection, told: Sequence[Told]) -> list[Told]:
    """What lies behind the positions; a feed may tell a thing twice, even in one batch."""
    reached: dict[tuple[str, int], int | None] = {}
    new: list[Told] = []
    for place, one in told:
        partition = place.source, place.partition
        if partition not in reached:
            reached[partition] = position(connection, *partition)
        known = reached[partition]
        if known is None or place.offset > known:
            new.append((place, one))
            reached[partition] = place.offset
    return new


def _advance(connection: Connection, new: Sequence[Told]) -> None:
    reached = {(place.source, place.partition): place.offset for place, _ in new}
    for (source, partition), offset in reached.items():
        here = (positions.c.source == source) & (positions.c.partition == partition)
        connection.execute(delete(positions).where(here))
        connection.execute(
            insert(positions).values(source=source, partition=partition, offset=offset)
        )


def _learn_dim(
    connection: Connection, backend: Backend, counted: Ledger, told: Iterable[Sequence[Outcome]]
) -> None:
    """The first vector of all says how long they are."""
    if counted.dim is not None:
        return
    items = (
        item
        for outcomes in told
        for outcome in outcomes
        if isinstance(outcome.cause, ImageRecord)
        for item in outcome.items
    )
    if (first := next(items, None)) is not None:
        counted.dim = len(first.vector)
        backend.measure(connection, counted.dim)


def _reject(connection: Connection, counted: Ledger, rejection: Rejection) -> None:
    origin = rejection.origin
    scope_n, _ = number_of(connection, rejection.scope)
    place = {"source": origin.source, "partition": origin.partition, "offset": origin.offset}
    here = [rejections.c[name] == value for name, value in place.items()]
    connection.execute(delete(rejections).where(*here))
    connection.execute(
        insert(rejections).values(
            **place,
            scope_n=scope_n,
            of=rejection.of,
            id=rejection.image_id,
            reason=rejection.reason,
            detail=rejection.detail,
        )
    )
    if rejection.of == "command" and rejection.image_id:
        _refuse(connection, counted, scope_n, rejection)


def _refuse(connection: Connection, counted: Ledger, scope_n: int, rejection: Rejection) -> None:
    """Note that a command was refused, unless one of its name was carried out before."""
    here = (commands.c.scope_n == scope_n) & (commands.c.command_id == rejection.image_id)
    connection.execute(delete(commands).where(here, ~commands.c.applied))
    if connection.scalar(select(commands.c.applied).where(here)):
        return
    body = {"reason": rejection.reason, "detail": rejection.detail}
    connection.execute(
        insert(commands).values(
            scope_n=scope_n,
            command_id=rejection.image_id,
            applied=False,
            body=orjson.dumps(body).decode(),
            author="",
            told=counted.events,
        )
    )
