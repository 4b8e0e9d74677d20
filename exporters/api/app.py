"""The API as one application."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import APIRouter, FastAPI, Security
from fastapi.security import HTTPBearer
from starlette.middleware.cors import CORSMiddleware

from exporters.api import clusters, commands, overview, photos, pictures, search, stream
from exporters.api.given import Given
from exporters.api.guard import Guard
from exporters.api.port import Options, Tools
from exporters.api.problems import documented, handle_problems
from exporters.page.pages import page_routes
from exporters.view.port import View

PREFIX = "/api/v1"


def create_app(view: View, tools: Tools, options: Options, stopping: Callable[[], bool]) -> FastAPI:
    """Make the API over a view.

    stopping: tells streams of events when to end.
    """
    app = FastAPI(
        title="Cairn",
        summary="Clusters of photos: look at them, search them, correct them.",
        version="1",
        openapi_url=f"{PREFIX}/openapi.json",
        docs_url=None,  # they load scripts of others
        redoc_url=None,
    )
    app.state.given = Given(view, tools, options, stopping)
    app.include_router(_versioned())
    app.router.routes.extend(page_routes(options))
    handle_problems(app)
    app.add_middleware(Guard, options=options)
    if options.origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=options.origins,
            allow_methods=["GET", "POST"],
            allow_headers=["Authorization", "Content-Type", "Last-Event-ID"],
            expose_headers=["ETag", "Location"],
        )
    return app


def _versioned() -> APIRouter:
    # The guard has checked the token: this names it in the OpenAPI document.
    bearer = Security(HTTPBearer(auto_error=False))
    routes = APIRouter(prefix=PREFIX, responses=documented(401, 403, 503))
    routes.include_router(overview.open_to_all)
    for part in (overview, clusters, photos, pictures, search, commands, stream):
        routes.include_router(part.router, dependencies=[bearer])
    return routes
