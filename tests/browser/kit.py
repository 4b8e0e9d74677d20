"""A site for a real browser: real API and view, and a real shard that carries corrections out."""

from __future__ import annotations

import os
import shutil
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import uvicorn
from playwright.sync_api import Browser, ConsoleMessage, Error, Page, Route, sync_playwright

from engine.pipeline import content_hash
from engine.ports import Store
from engine.profile import PROFILES
from engine.sight import Prepared
from engine.types import Batch, Correction, GeoPoint, Origin
from engine.vectors import settle
from exporters.api.app import create_app
from exporters.api.port import Options, Tools
from exporters.view.opening import open_view
from exporters.view.port import View
from tests.builders import DIM, prepared, unit
from tests.fakes import MemoryStore
from tests.shards import shard_over
from tests.view.kit import IDENTITY, Feed

FLAGS = ("--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader")
"""The map needs WebGL, which a machine without a graphics card computes itself."""
START = 1_709_500_000.0
"""4 March 2024, when the first photo was taken."""
DAY_S = 86_400.0
SPREAD = 0.25


def chromium() -> str:
    """Path of the browser; skips where there is none, unless CAIRN_REQUIRE_BROWSER forbids it."""
    path = os.environ.get("CAIRN_CHROMIUM") or shutil.which("chromium") or ""
    if not path:
        assert not os.environ.get("CAIRN_REQUIRE_BROWSER"), "there is no chromium"
        pytest.skip("there is no chromium: scripts/bootstrap-browser installs it")
    return path


@contextmanager
def browsing() -> Iterator[Browser]:
    """A browser without a window."""
    path = chromium()
    with sync_playwright() as playwright:
        flags = ["--no-sandbox", *FLAGS] if os.geteuid() == 0 else FLAGS
        browser = playwright.chromium.launch(executable_path=path, args=list(flags))
        try:
            yield browser
        finally:
            browser.close()


class Worker:
    """Takes photos and corrections as a worker does, and tells the view."""

    def __init__(self, feed: Feed, store: Store) -> None:
        self.feed = feed
        self.shard = shard_over(store, PROFILES["place"])
        self._lock = threading.Lock()
        self._count = 0

    def photo(
        self, place: int, *, scope: str = "site", at: float | None = None, name: str = ""
    ) -> str:
        """Take in a photo of a place, one a day unless it is said; its item's id."""
        with self._lock:
            self._count += 1
            made = _dated(_scoped(_seen(self._count, place), scope), self._count, at)
            made = _named(made, name) if name else made
            self._carry_out([made])
            self.feed.view.put_thumbnail(scope, made.image.image_id, drawn(place, self._count))
            return made.items[0].item_id

    def photos(self, *places: int, scope: str = "site") -> list[str]:
        return [self.photo(place, scope=scope) for place in places]

    def take(self, made: Prepared) -> None:
        """Take in any photo, without a picture."""
        with self._lock:
            self._carry_out([made])

    def send(self, correction: Correction) -> None:
        """The Desk port: carried out at once."""
        with self._lock:
            self._carry_out([replace(correction, origin=Origin("commands", 0, self._count))])

    def _carry_out(self, results: Sequence[Prepared | Correction]) -> None:
        batch: Batch = self.shard.decide(results)
        self.shard.commit(batch)
        self.feed.tell(*batch.outcomes, *batch.rejections)


def _seen(number: int, place: int) -> Prepared:
    vector = settle(unit(1000 + place) + SPREAD * unit(number), DIM)
    return prepared(number, vector, place, content=content_hash(drawn(place, number)))


def _named(made: Prepared, name: str) -> Prepared:
    image, item = replace(made.image, image_id=name), replace(made.items[0], item_id=f"{name}#0")
    return replace(made, image=image, items=(item,))


def _scoped(made: Prepared, scope: str) -> Prepared:
    return replace(made, image=replace(made.image, scope=scope))


def _dated(made: Prepared, number: int, at: float | None) -> Prepared:
    when = START + number * DAY_S if at is None else at
    where = GeoPoint(48.2 + number % 7 * 1e-4, 16.3 + number % 5 * 1e-4)
    return replace(made, image=replace(made.image, captured_at=when, location=where))


def drawn(place: int, number: int) -> bytes:
    """A small picture: one colour and pattern a place, the photo's number on it."""
    rng = np.random.default_rng(place)
    image = np.full((240, 320, 3), rng.integers(60, 200, 3), np.uint8)
    for _ in range(6):
        corner, size = rng.integers(0, 260, 2), rng.integers(20, 120, 2)
        colour = [int(part) for part in rng.integers(0, 255, 3)]
        cv2.rectangle(image, corner.tolist(), (corner + size).tolist(), colour, -1)
    font = cv2.FONT_HERSHEY_SIMPLEX
    cv2.putText(image, str(number), (10, 225), font, 1.2, (255, 255, 255), 2, cv2.LINE_AA)
    return cv2.imencode(".jpg", image)[1].tobytes()


@dataclass
class Site:
    """What a test looks at, and what happens behind it."""

    url: str
    view: View
    worker: Worker

    def correct(self, correction: Correction) -> None:
        """What somebody else does meanwhile."""
        self.worker.send(correction)


@contextmanager
def site(
    folder: Path, tools: Callable[[Worker], Tools] | None = None, **options: Any
) -> Iterator[Site]:
    """Serve an empty view in a thread, until left."""
    stop = threading.Event()
    with closing(open_view(f"sqlite:///{folder}/view.db", IDENTITY)) as view:
        worker = Worker(Feed(view), MemoryStore())
        given = Tools(worker) if tools is None else tools(worker)
        app = create_app(view, given, Options(**options), stop.is_set)
        with socket.create_server(("127.0.0.1", 0)) as listener:
            config = uvicorn.Config(app, log_config=None, access_log=False)
            server = uvicorn.Server(config)
            thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
            thread.start()
            try:
                yield Site(f"http://127.0.0.1:{listener.getsockname()[1]}", view, worker)
            finally:
                stop.set()
                server.should_exit = True
                thread.join()


class Window:
    """A page of the browser that remembers what went wrong in it.

    refusals: set where answers of 4xx are meant to come, which the browser itself notes.
    """

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url
        self.wrong: list[str] = []
        self.refusals = False
        page.on("console", self._said)
        page.on("pageerror", self._broke)

    def open(self, path: str) -> Page:
        """Go to a page."""
        self.page.goto(self.url + path)
        return self.page

    def _said(self, message: ConsoleMessage) -> None:
        if self.refusals and "status of 4" in message.text:
            return
        if message.type in {"error", "warning"}:
            self.wrong.append(f"{message.text} ({message.location.get('url')})")

    def _broke(self, error: Error) -> None:
        self.wrong.append(str(error))


def held(page: Page, pattern: str) -> Callable[[], None]:
    """Let requests wait on their way to the server; answers what lets them go."""
    waiting: list[Route] = []

    def keep(route: Route) -> None:
        waiting.append(route)

    page.route(pattern, keep)

    def release() -> None:
        for route in waiting:
            route.continue_()
        page.unroute(pattern)

    return release
