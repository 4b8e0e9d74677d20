"""Events as they come, as server-sent events (WHATWG HTML, section 9.2)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Annotated, Final

import orjson
from fastapi import APIRouter, Header, Query
from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse

from engine.errors import Transient
from exporters.api import asking
from exporters.api.given import All
from exporters.api.problems import documented
from exporters.view.answers import Told
from exporters.view.port import View

POLL_S: Final = 0.25
KEEP_ALIVE_S: Final = 15.0
AT_ONCE: Final = 500
KIND: Final = "text/event-stream"
AT_ONCE_THROUGH: Final = {"X-Accel-Buffering": "no"}
"""Proxies that know it pass each event on as it comes."""

router = APIRouter(tags=["events"])
_log = logging.getLogger(__name__)


@router.get(
    "/events",
    summary="Events as they come, after a number, of one scope or all",
    response_class=StreamingResponse,
    responses={200: {"content": {KIND: {}}}, **documented(422)},
)
async def events(
    given: All,
    asked: Annotated[asking.After, Query()],
    last_event_id: Annotated[asking.Number | None, Header()] = None,
) -> StreamingResponse:
    """`id` is the number of an event, `data` its body; go on with Last-Event-ID or `after`."""
    start = asked.after if last_event_id is None else last_event_id
    if start is None:
        start = await run_in_threadpool(given.view.last_event)
    told = following(given.view, start, given.stopping, asked.scope)
    return StreamingResponse(told, headers=AT_ONCE_THROUGH, media_type=KIND)


async def following(
    view: View, number: int, stopping: Callable[[], bool], scope: str | None = None
) -> AsyncIterator[str]:
    """Everything after a number, of one scope or all, in order, until the server stops."""
    yield f": events follow\nid: {number}\n\n"  # or who is cut off before the first misses some
    quiet_s = 0.0
    while not stopping():
        told, number = await run_in_threadpool(_after, view, number, scope)
        for one in told:
            yield f"id: {one.number}\ndata: {orjson.dumps(one.body).decode()}\n\n"
        quiet_s = 0.0 if told else quiet_s + POLL_S
        if quiet_s >= KEEP_ALIVE_S:
            quiet_s = 0.0
            yield ": nothing new\n\n"
        if len(told) < AT_ONCE:
            await asyncio.sleep(POLL_S)


def _after(view: View, number: int, scope: str | None) -> tuple[Sequence[Told], int]:
    """What comes next, and the number that all is known up to.

    Wait where the database is away: whoever listens has no other way to learn of it.
    """
    try:
        last = view.last_event()
        told = view.events_after(number, AT_ONCE, scope)
    except Transient as error:
        _log.warning("%s", error)
        return [], number
    if len(told) == AT_ONCE:
        return told, told[-1].number
    # Events of other scopes are not looked through again.
    return told, max(number, last, *(one.number for one in told))
