"""Files that browsers load, all of them our own."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

ASK_AGAIN: Final = {"Cache-Control": "no-cache"}
"""Kept by browsers, but asked for each time whether it is still the same (ETag)."""


class Assets(StaticFiles):
    """Scripts, styles and pictures."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """One of them."""
        response = await super().get_response(path, scope)
        response.headers.update(ASK_AGAIN)
        return response
