"""Heavy work takes turns, and bodies come to an end."""

from __future__ import annotations

import asyncio

import pytest
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import Message

from engine.errors import Transient
from exporters.api.bodies import read_body
from exporters.api.turns import Turns


def test_whoever_comes_too_many_is_asked_to_come_again() -> None:
    """A place that gets free is taken by who waits; nobody waits for ever."""

    async def story() -> list[str]:
        turns = Turns(1, patience_s=0.1)
        told: list[str] = []
        async with turns.taken():
            with pytest.raises(Transient, match="more is asked for"):
                await turns.run(lambda: told.append("too many"))
        await turns.run(lambda: told.append("in turn"))
        patient = Turns(1, patience_s=60)
        async with patient.taken():
            waiting = asyncio.create_task(patient.run(lambda: told.append("waited")))
            await asyncio.sleep(0)
        await waiting
        return told

    assert asyncio.run(story()) == ["in turn", "waited"]


def test_a_body_that_does_not_come_is_no_fault_of_ours() -> None:
    """It breaks off, or takes its time."""

    async def gone() -> Message:
        return {"type": "http.disconnect"}

    async def never() -> Message:
        await asyncio.Event().wait()
        raise AssertionError

    for receive, status in ((gone, 400), (never, 408)):
        request = Request({"type": "http", "headers": []}, receive)
        with pytest.raises(HTTPException) as error:
            asyncio.run(read_body(request, 10, within_s=0.05))
        assert error.value.status_code == status
