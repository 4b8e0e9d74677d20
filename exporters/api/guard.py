"""Who may ask, and headers that keep browsers from doing what was not meant."""

from __future__ import annotations

import hmac
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlencode, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from exporters.api.port import Options
from exporters.api.problems import problem
from exporters.api.session import COOKIE, session_of

API: Final = "/api/"
OPEN: Final = ("/api/v1/health", "/login")
"""Answered to everybody, as are the files beneath STATIC."""
STATIC: Final = "/static/"
HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""Of every answer that does not say otherwise."""


def is_loopback(host: str) -> bool:
    """Whether a name or address reaches only this machine."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


class Guard:
    """Middleware before everything else: nothing of a stranger's request is read.

    Without a token only who names this machine as itself is answered: a page of another site that
    had its own name lead here (DNS rebinding) does not.
    """

    def __init__(self, app: ASGIApp, options: Options) -> None:
        self._app = app
        self._options = options

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        answer = self._refusal(scope) if scope["type"] == "http" else None
        await (answer or self._app)(scope, receive, send_guarded)

    def _refusal(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        token = self._options.token
        if token is None:
            return None if _asks_this_machine(headers) else problem(403, _ELSEWHERE)
        path: str = scope["path"]
        if path in OPEN or path.startswith(STATIC) or _bears(headers, token) or _has(scope, token):
            return None
        if scope["method"] == "GET" and not path.startswith(API):
            return _to_login(path, scope["query_string"].decode("latin-1"))
        return problem(401, _NO_TOKEN, {"WWW-Authenticate": "Bearer"})


_ELSEWHERE = "without serve.token only localhost, 127.0.0.1 and [::1] are answered: ask one of them"
_NO_TOKEN = "the bearer token is missing or wrong: send Authorization: Bearer TOKEN"  # noqa: S105 # none


def _bears(headers: Headers, token: str) -> bool:
    """In constant time, as far as the token goes."""
    kind, _, given = headers.get("authorization", "").partition(" ")
    right = hmac.compare_digest(given.strip().encode("latin-1"), token.encode())
    return right and kind.lower() == "bearer"


def _has(scope: Scope, token: str) -> bool:
    """Whether a browser has logged in; its cookie goes with requests of our own pages alone."""
    given = HTTPConnection(scope).cookies.get(COOKIE, "")
    return hmac.compare_digest(given.encode(), session_of(token).encode())


def _to_login(path: str, query: str) -> Response:
    wanted = f"{path}?{query}" if query else path
    return RedirectResponse(f"/login?{urlencode({'next': wanted})}", 303)


def _asks_this_machine(headers: Headers) -> bool:
    try:
        return is_loopback(urlsplit(f"//{headers.get('host', '')}").hostname or "")
    except ValueError:
        return False
