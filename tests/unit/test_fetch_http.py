"""Web servers that are hostile, broken or merely odd."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler

import pytest

from engine.errors import BadImage
from engine.types import Claim
from tests.fetching import MAX_BYTES, claim_on, fetcher, never
from tests.webserver import Answer, Site, answer, website

DATA = b"\xff\xd8\xff some image"
GOOD = Answer(body=DATA)


@pytest.fixture
def site() -> Iterator[Site]:
    with website() as up:
        yield up


def refusal(claim: Claim, *allow: str) -> BadImage:
    with fetcher(*allow, patience_s=0) as fetch, pytest.raises(BadImage) as refused:
        fetch(claim, never)
    return refused.value


def to(target: str, status: int = 302) -> Answer:
    return Answer(status, headers={"Location": target})


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_within_what_is_allowed_is_followed(site: Site, status: int) -> None:
    """Absolute, or relative to where it was found."""
    site.put("/up/a.jpg", to("b.jpg", status))
    site.put("/up/b.jpg", to(f"{site.base}/up/c/d.jpg", status))
    site.put("/up/c/d.jpg", to("../e.jpg", status))
    site.put("/up/e.jpg", GOOD)
    with fetcher(f"{site.base}/up/") as fetch:
        assert fetch(claim_on(DATA, f"{site.base}/up/a.jpg"), never).data == DATA


@pytest.mark.parametrize(
    "target",
    [
        *("/secret", "../secret", "//127.0.0.1/up/a.jpg", "http://localhost/up/", "/up/%2e%2e/x"),
        *("https://127.0.0.1/up/a.jpg", "ftp://127.0.0.1/up/a.jpg", "http://me@127.0.0.1/up/a"),
    ],
)
def test_a_redirect_to_elsewhere_is_refused(site: Site, target: str) -> None:
    """The list decides on every step, and nothing there is asked."""
    site.put("/up/a.jpg", to(target))
    site.put("/secret", GOOD)
    refused = refusal(claim_on(DATA, f"{site.base}/up/a.jpg"), f"{site.base}/up/")
    assert refused.reason == "uri_not_allowed"
    assert site.asked == {"/up/a.jpg": 1}


def test_a_web_server_leads_to_no_file(site: Site) -> None:
    """Not even to one that a message might have named."""
    site.put("/a.jpg", to("file:///dev/null"))
    refused = refusal(claim_on(b"", f"{site.base}/a.jpg"), site.base, "file:///")
    assert (refused.reason, "redirected to" in refused.detail) == ("uri_not_allowed", True)


def test_redirects_in_a_circle_end(site: Site) -> None:
    """After a few."""
    site.put("/a.jpg", to("/a.jpg"))
    refused = refusal(claim_on(DATA, f"{site.base}/a.jpg"), site.base)
    assert (refused.reason, site.asked["/a.jpg"]) == ("unreachable", 6)


def test_a_body_without_end_is_cut_at_the_limit(site: Site) -> None:
    """Read no further than what an image may have."""

    def endless(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        try:
            while not site.closing.is_set():
                handler.wfile.write(bytes(10_000))
        except OSError:
            pass

    uri = site.put("/a.jpg", endless)
    refused = refusal(claim_on(DATA, uri), site.base)
    assert (refused.reason, str(MAX_BYTES) in refused.detail) == ("too_large", True)


def test_a_body_that_is_said_to_be_too_large_is_not_read(site: Site) -> None:
    """Its first byte never comes."""

    def promise(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(MAX_BYTES + 1))
        handler.end_headers()
        site.closing.wait()

    uri = site.put("/a.jpg", promise)
    assert refusal(claim_on(DATA, uri), site.base).reason == "too_large"


def test_a_body_that_breaks_off_is_asked_for_again(site: Site) -> None:
    """Fewer bytes than promised are no image, and no other image either."""

    def broken(handler: BaseHTTPRequestHandler) -> None:
        answer(handler, Answer(body=DATA[:5], headers={"Content-Length": "100"}))

    uri = site.put("/a.jpg", broken, broken, broken, GOOD)
    with fetcher(site.base) as fetch:
        assert fetch(claim_on(DATA, uri), never).data == DATA


def test_what_is_no_http_is_asked_for_again(site: Site) -> None:
    """A proxy that has a bad moment."""

    def garbage(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"\x00\x01 hello\r\n\r\n")

    uri = site.put("/a.jpg", garbage, GOOD)
    with fetcher(site.base) as fetch:
        assert fetch(claim_on(DATA, uri), never).data == DATA


def test_nothing_is_unpacked(site: Site) -> None:
    """A gzip bomb stays packed: it is not what was asked for."""
    packed = gzip.compress(DATA)
    uri = site.put("/a.jpg", Answer(body=packed, headers={"Content-Encoding": "gzip"}))
    for data in (DATA, packed):
        refused = refusal(claim_on(data, uri), site.base)
        assert refused.reason == "hash_mismatch"
        assert "'gzip'" in refused.detail


def test_nothing_of_this_machine_is_told(
    site: Site, monkeypatch: pytest.MonkeyPatch, tmp_path: pytest.TempPathFactory
) -> None:
    """No cookie comes back, no login is sent, no proxy of the environment is asked."""
    netrc = tmp_path / "netrc"  # type: ignore[operator]
    netrc.write_text("machine 127.0.0.1 login me password secret")
    monkeypatch.setenv("NETRC", str(netrc))
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    site.put("/a.jpg", Answer(body=DATA, headers={"Set-Cookie": "a=b"}))
    with fetcher(site.base) as fetch:
        for _ in range(2):
            fetch(claim_on(DATA, f"{site.base}/a.jpg"), never)
    for headers in site.headers:
        assert headers["Accept-Encoding"] == "identity"
        assert not headers.keys() & {"Cookie", "Authorization"}
