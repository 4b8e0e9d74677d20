"""The login of browsers: they cannot send a bearer token with pictures, so they get a cookie."""

from __future__ import annotations

import hmac
from typing import Final
from urllib.parse import parse_qs

from jinja2 import Template
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from exporters.api.bodies import read_body
from exporters.api.session import COOKIE, session_of

MOST_BYTES: Final = 16 * 1024
SEND_WITHIN_S: Final = 10.0
SEE_OTHER: Final = 303


class Login:
    """A form for the token; the cookie it gives is not the token, and worthless without it."""

    def __init__(self, form: Template, token: str | None, policy: str) -> None:
        self._form = form
        self._token = token
        self._headers = {"Content-Security-Policy": policy}

    @property
    def routes(self) -> list[Route]:
        """Where it is reached."""
        return [
            Route("/login", self.show, methods=["GET"]),
            Route("/login", self.enter, methods=["POST"]),
            Route("/logout", self.leave, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        """The empty form; nobody has to log in where there is no token."""
        if self._token is None:
            return RedirectResponse("/", SEE_OTHER)
        return self._page(request.query_params.get("next", "/"))

    async def enter(self, request: Request) -> Response:
        """Compare the token, in constant time."""
        given, wanted = await _fields(request)
        if self._token is None or not hmac.compare_digest(given.encode(), self._token.encode()):
            return self._page(wanted, "That is not the token of this server.", 401)
        response = RedirectResponse(_local(wanted), SEE_OTHER)
        response.set_cookie(COOKIE, session_of(self._token), httponly=True, samesite="strict")
        return response

    async def leave(self, _: Request) -> Response:
        """Forget the cookie."""
        response = RedirectResponse("/login", SEE_OTHER)
        response.delete_cookie(COOKIE, httponly=True, samesite="strict")
        response.headers["Clear-Site-Data"] = '"cache"'  # pictures are kept there
        return response

    def _page(self, wanted: str, wrong: str = "", status: int = 200) -> Response:
        html = self._form.render(next=_local(wanted), wrong=wrong)
        return HTMLResponse(html, status, headers=self._headers)


async def _fields(request: Request) -> tuple[str, str]:
    """The token and the page to go on to; refuses a form that is too large or too slow."""
    body = await read_body(request, MOST_BYTES, SEND_WITHIN_S)
    fields = parse_qs(body.decode(errors="replace"))
    return fields.get("token", [""])[0].strip(), fields.get("next", ["/"])[0]


def _local(path: str) -> str:
    """A page of this server: whoever logs in is led nowhere else."""
    alone = path.startswith("/") and not path.startswith(("//", "/\\"))
    return path if alone and path.isprintable() and "\\" not in path else "/"
