"""Addresses of the page, and the shells they answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Mount, Route

from exporters.api.port import Options
from exporters.page.assets import Assets
from exporters.page.login import Login

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""Content security policy: nothing of others, and no script or style within the HTML."""


@dataclass(frozen=True, slots=True)
class Page:
    """One shell. name: of its template and its module."""

    path: str
    name: str
    title: str
    in_menu: bool = True


PAGES: Final = (
    Page("/", "overview", "Overview"),
    Page("/clusters", "clusters", "Clusters"),
    Page("/review", "review", "Review"),
    Page("/search", "search", "Search"),
    Page("/map", "map", "Map"),
    Page("/cluster", "cluster", "Cluster", in_menu=False),
    Page("/photo", "photo", "Photo", in_menu=False),
)


class Shell:
    """Answers one page, for whoever the guard let through."""

    def __init__(self, environment: Environment, page: Page, options: Options) -> None:
        self._environment = environment
        self._page = page
        self._options = options

    async def __call__(self, _: Request) -> Response:
        """Render it."""
        template = self._environment.get_template(f"{self._page.name}.html.j2")
        html = template.render(
            page=self._page,
            menu=[page for page in PAGES if page.in_menu],
            can_leave=self._options.token is not None,
            most_image_bytes=self._options.max_image_bytes,
        )
        return HTMLResponse(html, headers={"Content-Security-Policy": POLICY})


def page_routes(options: Options) -> list[BaseRoute]:
    """All pages, what they load, and the login where there is a token."""
    environment = _environment()
    shells = [Route(page.path, Shell(environment, page, options).__call__) for page in PAGES]
    login = Login(environment.get_template("login.html.j2"), options.token, POLICY)
    return [
        *shells,
        *login.routes,
        Mount("/static", Assets(packages=[("exporters.page", "static")])),
    ]


def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("exporters.page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
