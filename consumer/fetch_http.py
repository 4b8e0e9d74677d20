"""A claimed image on a web server: one GET, within limits of time, size and place.

Nothing of the surroundings takes part: no proxy, no cookie, no login of this machine.
"""

from __future__ import annotations

import re
import ssl
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path

import httpx

from consumer.allow import NOT_ALLOWED, AllowList, Location, shown
from consumer.fetch_file import too_large
from engine.errors import BadImage, Misconfigured, Transient

MOST_REDIRECTS = 5
WAITED_FOR = frozenset(
    (
        *(HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND, HTTPStatus.GONE),
        *(HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS),
    )
)
"""Answers that may be others later, as those from 500 on; the rest says what will never be."""
WEB = frozenset({"http", "https"})
MAX_DETAIL = 200
"""The client's errors quote what the server sent."""
SECONDS = re.compile(r"[0-9]{1,9}")


class NotYet(Transient):
    """The image cannot be read now. after_s: seconds that the server asks to wait."""

    def __init__(self, detail: str, after_s: float = 0.0) -> None:
        super().__init__(detail)
        self.after_s = after_s


def open_client(cafile: Path | None, timeout_s: float) -> httpx.AsyncClient:
    """Make the client; raises Misconfigured where there are no certificates in `cafile`."""
    try:
        trust = ssl.create_default_context(cafile=str(cafile)) if cafile else True
    except OSError as error:  # ssl.SSLError is one
        raise Misconfigured(f"fetch.ssl_cafile = {str(cafile)!r}: {error}") from error
    return httpx.AsyncClient(
        verify=trust,
        trust_env=False,
        follow_redirects=False,
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        headers={"Accept-Encoding": "identity", "User-Agent": "cairn"},
        timeout=timeout_s,  # of each step; who reads has one for all of them
        limits=httpx.Limits(max_connections=None, max_keepalive_connections=20),
    )


@dataclass(frozen=True, slots=True)
class HttpReader:
    """Reads what is allowed, up to `max_bytes`; who calls it limits the time."""

    client: httpx.AsyncClient
    allowed: AllowList
    max_bytes: int

    async def read(self, location: Location) -> bytes:
        """GET an image, along redirects within what is allowed.

        Raises NotYet where that may succeed later, BadImage where it will not.
        """
        try:
            for _ in range(MOST_REDIRECTS + 1):
                async with self.client.stream("GET", location.url) as response:
                    if not response.has_redirect_location:
                        return await self._body(response)
                    location = self._target(response)
        except httpx.TransportError as error:
            raise NotYet(str(error)[:MAX_DETAIL] or type(error).__name__) from error
        raise BadImage("unreachable", f"more than {MOST_REDIRECTS} redirects")

    def _target(self, response: httpx.Response) -> Location:
        try:
            target = response.url.join(response.headers["location"])
        except httpx.InvalidURL as error:
            raise NotYet("redirected to what is no URL") from error
        if target.scheme not in WEB:
            raise BadImage(NOT_ALLOWED, f"redirected to {shown(str(target))}")
        return self.allowed.check(str(target))

    async def _body(self, response: httpx.Response) -> bytes:
        _check_status(response)
        if (encoding := response.headers.get("content-encoding", "identity")) != "identity":
            detail = f"sent as {encoding[:20]!r} unasked: these are not the bytes of the image"
            raise BadImage("hash_mismatch", detail)
        declared = response.headers.get("content-length", "")
        if SECONDS.fullmatch(declared) and int(declared) > self.max_bytes:
            raise too_large(int(declared), self.max_bytes)
        data = bytearray()
        async for chunk in response.aiter_raw():
            data += chunk
            if len(data) > self.max_bytes:
                raise too_large(len(data), self.max_bytes)
        return bytes(data)


def _check_status(response: httpx.Response) -> None:
    status = response.status_code
    if status == HTTPStatus.OK:
        return
    detail = f"answered {status}"
    if status in WAITED_FOR or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise NotYet(detail, _retry_after_s(response.headers))
    raise BadImage("unreachable", detail)


def _retry_after_s(headers: httpx.Headers) -> float:
    """Seconds; a date counts from the server's own, its clock may be another."""
    asked = headers.get("retry-after", "")
    if SECONDS.fullmatch(asked):
        return float(asked)
    until, now = _moment(asked), _moment(headers.get("date", ""))
    return max(0.0, (until - now).total_seconds()) if until and now else 0.0


def _moment(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None
