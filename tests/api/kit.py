"""The API over a real view that the real engine filled."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import Any

from starlette.testclient import TestClient

from engine.command_message import command_record, parse_command
from engine.errors import Transient
from engine.types import Correction
from exporters.api.app import create_app
from exporters.api.port import Desk, Options, Tools
from exporters.view.opening import open_view
from exporters.view.port import View
from tests.shards import Desk as Bench
from tests.view.kit import IDENTITY, Feed, outcomes_with_times

HERE = "http://localhost"


class Tray:
    """A desk that only keeps what is handed in, as a message has to hold it."""

    def __init__(self) -> None:
        self.sent: list[Correction] = []

    def send(self, correction: Correction) -> None:
        record = command_record(correction)
        assert parse_command(record.key, record.value, correction.origin).order == correction.order
        self.sent.append(correction)


class ShutDesk:
    """A desk that cannot be reached."""

    def send(self, correction: Correction) -> None:
        raise Transient("the broker is away")


class AwayView:
    """A view whose database is away, whatever is asked."""

    def __getattr__(self, name: str) -> object:
        raise Transient("the database is away")


@dataclass
class Served:
    """A view, what feeds it and a client that asks."""

    view: View
    feed: Feed
    client: TestClient
    tray: Tray = field(default_factory=Tray)

    def get(self, path: str, status: int = 200, **query: Any) -> Any:
        """The JSON of an answer that has to have that status."""
        response = self.client.get(f"/api/v1/{path}", params=query)
        assert response.status_code == status, response.text
        return response.json()

    def post(self, status: int = 202, **body: Any) -> Any:
        response = self.client.post("/api/v1/commands", json=body)
        assert response.status_code == status, response.text
        return response.json()

    def fill(self, bench: Bench) -> None:
        """Tell all that a bench did and the view does not know yet."""
        self.feed.tell(*outcomes_with_times(bench)[len(self.feed.told) :])


class BrokenView:
    """A view that has a bug."""

    def scopes(self) -> list[str]:
        raise ValueError("secret detail")


def client_of(
    view: View, desk: Desk | None = None, *, stopping: bool = False, **options: Any
) -> TestClient:
    app = create_app(view, Tools(desk), Options(**options), lambda: stopping)
    return TestClient(app, base_url=HERE)


@contextmanager
def served(url: str) -> Iterator[Served]:
    with closing(open_view(url, IDENTITY)) as view:
        tray = Tray()
        yield Served(view, Feed(view), client_of(view, tray), tray)


def bearing(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}
