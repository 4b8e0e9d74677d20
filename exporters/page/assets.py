"""Files that browsers load: our own, and Plotly's out of its Python package."""

from __future__ import annotations

from importlib.resources import as_file, files
from typing import Final

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from exporters.api.problems import problem

ASK_AGAIN: Final = {"Cache-Control": "no-cache"}
"""Kept by browsers, but asked for each time whether it is still the same (ETag)."""


class Assets(StaticFiles):
    """Our own scripts, styles and pictures."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """One of them."""
        response = await super().get_response(path, scope)
        response.headers.update(ASK_AGAIN)
        return response


async def plotly(_: Request) -> Response:
    """The charting library that the 3-D map is drawn with (extra `[serve]`)."""
    try:
        package = files("plotly")
    except ModuleNotFoundError:
        return problem(404, "the map needs plotly: pip install 'imagecairn[serve]'")
    with as_file(package / "package_data" / "plotly.min.js") as script:
        return FileResponse(script, headers=ASK_AGAIN, media_type="text/javascript")
