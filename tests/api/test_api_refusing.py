"""Whatever is wrong with a request is answered with the proper status and one sentence."""

from __future__ import annotations

from typing import Any, cast

import pytest
from starlette.testclient import TestClient

from exporters.api.app import create_app
from exporters.api.port import Options, Tools
from exporters.view.port import View
from tests.api.kit import HERE, AwayView, BrokenView, Served, ShutDesk, bearing, client_of
from tests.view.kit import Album

TOKEN = "schlüssel"  # noqa: S105 # of nothing
CONFIRM = {"scope": "site", "command": "confirm", "cluster_id": "c"}


def complaint(response: Any, status: int) -> str:
    """The one sentence of a refusal."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    told = response.json()
    assert set(told) == {"type", "title", "status", "detail"}
    assert told["status"] == status
    detail = str(told["detail"])
    assert detail
    assert "\n" not in detail
    return detail


def refused(api: Served, path: str, status: int, **query: Any) -> str:
    return complaint(api.client.get(f"/api/v1/{path}", params=query), status)


@pytest.mark.parametrize(
    "path",
    [
        *("cluster", "cluster/members", "cluster/lineage", "cluster/similar"),
        *("image", "image/thumbnail", "item", "item/similar"),
    ],
)
def test_what_is_unknown_is_404(api: Served, path: str) -> None:
    """Named by scope and id."""
    told = refused(api, path, 404, scope="site", id="no/body")
    assert "'no/body'" in told
    assert "'site'" in told


@pytest.mark.parametrize(
    ("path", "query", "word"),
    [
        ("clusters", {"cursor": "!!"}, "cursor"),
        ("clusters", {"order": "name", "cursor": "WyJuYW1lIiwiXHUwMDAwIiwxXQ"}, "cursor"),
        ("clusters", {"limit": "many"}, "limit"),
        ("clusters", {"limit": 201}, "limit"),
        ("clusters", {"min_size": -1}, "min_size"),
        ("clusters", {"max_size": 2**63}, "max_size"),
        ("clusters", {"since": "nan"}, "since"),
        ("clusters", {"state": "lost"}, "state"),
        ("clusters", {"sise": 3}, "'sise'"),
        ("cluster", {"scope": "site"}, "id"),
        ("cluster", {"scope": "site", "id": "\0"}, "NUL"),
        ("cluster", {"scope": "site", "id": ""}, "id"),
        ("newest", {"scope": "x" * 9000}, "scope"),
        ("map", {}, "scope"),
        ("events", {"after": -1}, "after"),
        ("events", {"after": 2**63}, "after"),
    ],
)
def test_malformed_queries_are_422(
    api: Served, path: str, query: dict[str, Any], word: str
) -> None:
    """The sentence names the parameter."""
    assert word in refused(api, path, 422, **query)


def test_a_cursor_of_another_list_is_422(api: Served) -> None:
    """It is not read as if it belonged here."""
    album = Album()
    api.feed.tell(album.photo("a", "one"), album.photo("b", "two"))
    cursor = api.get("clusters", limit=1)["cursor"]
    assert "cursor" in refused(api, "clusters", 422, order="size", cursor=cursor)
    api.feed.tell(album.photo("c", "one", founds=False))
    assert "cursor" in refused(api, "cluster/members", 422, scope="site", id="one", cursor=cursor)


def test_unknown_addresses_and_methods(api: Served) -> None:
    """Refused in the same form."""
    assert complaint(api.client.get("/api/v1/nothing"), 404)
    assert complaint(api.client.delete("/api/v1/clusters"), 405)
    assert api.client.delete("/api/v1/commands").headers["allow"] == "GET, POST"


@pytest.mark.parametrize(
    ("body", "word"),
    [
        (b"", "JSON"),
        (b"[1]", "object"),
        (b"{", "JSON"),
        (b"[" * 100_000, "JSON"),
        (b'{"command": "confirm", "cluster_id": "c"}', "scope"),
        (b'{"scope": "", "command": "confirm", "cluster_id": "c"}', "scope"),
        (b'{"scope": 5, "command": "confirm", "cluster_id": "c"}', "scope"),
        (b'{"scope": "s", "command": "explode"}', "command"),
        (b'{"scope": "s", "command": "merge", "cluster_ids": ["a"]}', "cluster_ids"),
        (b'{"scope": "s", "command": "confirm", "cluster_id": "\\u0000"}', "control"),
        (b'{"scope": "s", "command": "confirm", "cluster_id": "\\ud800"}', "JSON"),
        (b'{"scope": "s", "command": "confirm", "cluster_id": "c", "author": 1}', "author"),
        (b'{"scope": "s", "command": "confirm", "cluster_id": "c", "expects": []}', "expects"),
        (b'{"scope": "s", "command_id": 5, "command": "confirm", "cluster_id": "c"}', "command_id"),
        (b'{"scope": "s", "command_id": "", "command": "confirm", "cluster_id": "c"}', "empty"),
        (b'{"scope": "s", "command": "undo", "undone_id": ' + b"[" * 300 + b"]" * 300 + b"}", "un"),
    ],
)
def test_what_is_no_command_is_422(api: Served, body: bytes, word: str) -> None:
    """By the rules that messages follow; nothing reaches the workers."""
    kind = {"Content-Type": "application/json"}
    response = api.client.post("/api/v1/commands", content=body, headers=kind)
    assert word in complaint(response, 422)
    assert api.tray.sent == []


def test_a_form_of_another_page_is_no_command(api: Served) -> None:
    """What a browser sends anywhere without asking first is refused."""
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        response = api.client.post(
            "/api/v1/commands", content=b"{}", headers={"Content-Type": kind}
        )
        assert "application/json" in complaint(response, 415)


def test_a_large_body_is_413(api: Served) -> None:
    """Whether its length is told or not; no more of it is kept."""
    client = client_of(api.view, api.tray, max_body_bytes=100)
    kind = {"Content-Type": "application/json"}
    for content in (b"x" * 101, iter([b"x" * 60] * 3)):
        response = client.post("/api/v1/commands", content=content, headers=kind)
        assert "larger than 100 bytes" in complaint(response, 413)


def test_only_who_bears_the_token_is_answered(api: Served) -> None:
    """Wherever it asks, whatever else is wrong; health alone needs none."""
    client = client_of(api.view, api.tray, token=TOKEN)
    wrong: list[dict[str, Any]] = [
        *({}, bearing("guess"), bearing("")),
        {"Authorization": f"Basic {TOKEN}".encode()},
    ]
    for headers in wrong:
        for path in ("scopes", "cluster", "nothing", "openapi.json"):
            response = client.get(f"/api/v1/{path}", headers=headers)
            assert "bearer token" in complaint(response, 401)
            assert response.headers["www-authenticate"] == "Bearer"
        sent = client.post("/api/v1/commands", json=CONFIRM, headers=headers)
        assert complaint(sent, 401)
    assert api.tray.sent == []
    assert client.get("/api/v1/health").status_code == 200
    right: dict[str, Any] = {"Authorization": f"bearer {TOKEN}".encode()}
    assert client.get("/api/v1/scopes", headers=right).status_code == 200


def test_without_a_token_only_this_machine_is_meant(api: Served) -> None:
    """A page that had its own name lead here is not answered."""
    for host in ("localhost:8080", "127.0.0.1", "[::1]:8080"):
        assert api.client.get("/api/v1/scopes", headers={"Host": host}).status_code == 200
    for host in ("evil.example", "127.0.0.1.evil.example", "192.0.2.1", "", "[", "10.0.0.1:8080"):
        response = api.client.get("/api/v1/scopes", headers={"Host": host})
        assert "serve.token" in complaint(response, 403)


def test_a_view_or_workers_that_are_away_are_503(api: Served) -> None:
    """What the database said stays in the log."""
    away = client_of(cast("View", AwayView()))
    for path in ("health", "scopes", "clusters", "newest"):
        response = away.get(f"/api/v1/{path}")
        assert "try again" in complaint(response, 503)
        assert response.headers["retry-after"]
    shut = client_of(api.view, ShutDesk())
    assert "try again" in complaint(shut.post("/api/v1/commands", json=CONFIRM), 503)


def test_a_bug_is_a_500_that_tells_nothing() -> None:
    """But it is raised again, for the log."""
    view = cast("View", BrokenView())
    with pytest.raises(ValueError, match="secret detail"):
        client_of(view).get("/api/v1/scopes")
    app = create_app(view, Tools(), Options(), lambda: False)
    client = TestClient(app, base_url=HERE, raise_server_exceptions=False)
    assert "secret" not in complaint(client.get("/api/v1/scopes"), 500)


def test_a_server_that_only_shows_says_so(api: Served) -> None:
    """Corrections need somebody to carry them out."""
    client = client_of(api.view)
    assert "--state or --kafka" in complaint(client.post("/api/v1/commands", json=CONFIRM), 409)


def test_browsers_are_told_what_not_to_do(api: Served) -> None:
    """Answers and refusals alike; pages of other sites may read nothing unless that is set."""
    for path in ("scopes", "nothing"):
        headers = api.client.get(f"/api/v1/{path}", headers={"Origin": "https://a.example"}).headers
        assert headers["content-security-policy"].startswith("default-src 'none'")
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"
        assert "access-control-allow-origin" not in headers
    options = Options(token=TOKEN, origins=("https://a.example",))
    client = TestClient(create_app(api.view, Tools(), options, lambda: False))
    for origin, allowed in (
        ("https://a.example", "https://a.example"),
        ("https://b.example", None),
    ):
        asked = {"Origin": origin, "Access-Control-Request-Method": "GET"}
        answer = client.options("/api/v1/scopes", headers=asked)
        assert answer.headers.get("access-control-allow-origin") == allowed
