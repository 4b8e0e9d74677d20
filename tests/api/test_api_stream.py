"""Events as they come: in order, each once, resumed where the listener was."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import cast

import orjson

from engine.errors import Transient
from exporters.api.stream import AT_ONCE, following
from exporters.view.answers import Told
from exporters.view.port import View
from tests.api.kit import Served, client_of
from tests.view.kit import Album


class Shaky:
    """A view whose database is away at first."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._failed = False

    def last_event(self) -> int:
        return self._view.last_event()

    def events_after(self, number: int, limit: int, scope: str | None) -> list[Told]:
        if not self._failed:
            self._failed = True
            raise Transient("away")
        return list(self._view.events_after(number, limit, scope))


def first(
    view: View,
    number: int,
    count: int,
    more: Callable[[], None] | None = None,
    scope: str | None = None,
) -> list[str]:
    """The first chunks after a number that are no comments; `more` happens once it listens."""

    async def listen() -> list[str]:
        chunks = following(view, number, lambda: False, scope)
        assert (await anext(chunks)).startswith(":")
        if more is not None:
            more()
        told: list[str] = []
        while len(told) < count:
            chunk = await anext(chunks)
            told += [chunk] * (not chunk.startswith(":"))
        return told

    return _run(listen())


def _run(listening: Awaitable[list[str]]) -> list[str]:
    async def within() -> list[str]:
        return await asyncio.wait_for(listening, 60)

    return asyncio.run(within())


def test_events_come_in_order(api: Served) -> None:
    """Numbers as ids, bodies as data, one line each."""
    album = Album()
    api.feed.tell(album.photo("a\nb", "one"), album.photo("c", "two"))
    chunks = first(api.view, 0, 4)
    assert [chunk.split("\n")[0] for chunk in chunks] == ["id: 1", "id: 2", "id: 3", "id: 4"]
    bodies = [orjson.loads(chunk.split("\n")[1].removeprefix("data: ")) for chunk in chunks]
    assert bodies == [told.body for told in api.view.events_after(0)]
    assert all(chunk.endswith("\n\n") and chunk.count("\n") == 3 for chunk in chunks)
    assert first(api.view, 3, 1) == chunks[3:]


def test_an_event_that_comes_later_is_told(api: Served) -> None:
    """Without asking again; also where the database was away meanwhile."""
    album = Album()
    for view in (api.view, cast("View", Shaky(api.view))):
        known = api.view.last_event()
        outcome = album.photo(f"photo-{known}", f"cluster-{known}")
        chunk, _ = first(view, known, 2, partial(api.feed.tell, outcome))
        assert chunk.startswith(f"id: {known + 1}\n")


def test_events_of_one_scope_leave_out_the_others(api: Served) -> None:
    """Under their numbers, however many of others come between and after."""
    site, elsewhere = Album(), Album("elsewhere")
    crowd = [elsewhere.photo(f"x{n}", f"c{n}") for n in range(AT_ONCE)]
    api.feed.tell(site.photo("a", "one"), *crowd)
    late = partial(api.feed.tell, elsewhere.photo("z", "c0", founds=False), site.photo("b", "two"))
    chunks = first(api.view, 0, 4, late, "site")
    last = api.view.last_event()
    expected = [1, 2, last - 1, last]
    assert [chunk.split("\n")[0] for chunk in chunks] == [f"id: {number}" for number in expected]
    stopped = client_of(api.view, stopping=True)
    assert stopped.get("/api/v1/events", params={"scope": "site", "after": 0}).status_code == 200


def test_a_stream_ends_with_its_server(api: Served) -> None:
    """Or it could never be stopped; headers and where it goes on are there by then."""
    client = client_of(api.view, stopping=True)
    response = client.get("/api/v1/events", headers={"Last-Event-ID": "7"})
    assert response.headers["content-type"].startswith("text/event-stream")
    assert response.text == ": events follow\nid: 7\n\n"


def test_a_malformed_last_event_id_is_422(api: Served) -> None:
    """Its number is one."""
    response = api.client.get("/api/v1/events", headers={"Last-Event-ID": "x"})
    assert response.status_code == 422
    assert "last-event-id" in response.json()["detail"].lower()
