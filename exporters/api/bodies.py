"""Reads what somebody sends, no further than it may go."""

from __future__ import annotations

import asyncio
from typing import Final

from fastapi import Request
from starlette.requests import ClientDisconnect

from exporters.api.problems import refusal

SEND_WITHIN_S: Final = 60.0


def kind_of(request: Request) -> str:
    """Media type of the body as the sender names it, without parameters."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def read_body(request: Request, most: int, within_s: float = SEND_WITHIN_S) -> bytes:
    """All of a body; refuses what is larger than `most` bytes, slow, or breaks off."""
    try:
        async with asyncio.timeout(within_s):
            return await _read(request, most)
    except TimeoutError:
        raise refusal(408, f"the body was not sent within {within_s:g} seconds") from None
    except ClientDisconnect:
        raise refusal(400, "the connection broke off within the body") from None


async def _read(request: Request, most: int) -> bytes:
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > most:
            raise refusal(413, f"the body is larger than {most} bytes")
    return bytes(body)
