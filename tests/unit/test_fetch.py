"""Patience: what is not there yet is waited for, until it comes, or long enough, or in vain."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from consumer.fetch import AT_ONCE
from consumer.fetch_http import open_client
from engine.errors import BadImage, Misconfigured, Stopped
from tests.fetching import PATIENCE_S, Tally, claim_on, fetcher, never
from tests.webserver import Answer, Site, website

DATA = b"\xff\xd8\xff some image"
GOOD = Answer(body=DATA)


@pytest.fixture
def site() -> Iterator[Site]:
    with website() as up:
        yield up


@pytest.mark.parametrize("status", [403, 404, 408, 410, 425, 429, 500, 502, 503, 504])
def test_what_may_come_yet_is_waited_for(site: Site, status: int) -> None:
    """Not yet uploaded, not yet public, overloaded, broken: asked again until it is there."""
    tally = Tally()
    uri = site.put("/a.jpg", Answer(status, b"<html>no</html>"), GOOD)
    with fetcher(site.base, meter=tally) as fetch:
        assert fetch(claim_on(DATA, uri), never).data == DATA
    assert (tally.retries, tally.sizes) == (1, [len(DATA)])


@pytest.mark.parametrize("status", [204, 206, 304, 400, 401, 405, 451])
def test_what_will_never_come_is_not_waited_for(site: Site, status: int) -> None:
    """One look, one clear answer."""
    uri = site.put("/a.jpg", Answer(status))
    with (
        fetcher(site.base) as fetch,
        pytest.raises(BadImage, match=f"unreachable: .*answered {status}"),
    ):
        fetch(claim_on(DATA, uri), never)
    assert site.asked["/a.jpg"] == 1


def test_how_long_was_tried_is_told(site: Site) -> None:
    """Times, seconds and the last answer, for whoever reads the dead letter; no query, no key."""
    site.put("/a.jpg", Answer(503))
    uri = f"{site.base}/a.jpg?key=secret"
    with fetcher(site.base, patience_s=0.7) as fetch, pytest.raises(BadImage) as refused:
        fetch(claim_on(DATA, uri), never)
    told = refused.value.detail
    assert refused.value.reason == "unreachable"
    assert f"tried {site.asked['/a.jpg']} times in " in told
    assert "at last: answered 503" in told
    assert "secret" not in told


def test_without_patience_there_is_one_attempt(site: Site) -> None:
    """An operator may want no waiting at all."""
    with fetcher(site.base, patience_s=0) as fetch, pytest.raises(BadImage, match="tried 1 times"):
        fetch(claim_on(DATA, f"{site.base}/no"), never)
    assert site.asked["/no"] == 1


@pytest.mark.parametrize("asked", ["86400", "Mon, 01 Jan 2125 00:00:00 GMT"])
def test_a_server_may_ask_for_time_within_limits(site: Site, asked: str) -> None:
    """Retry-After in seconds or as a date: one look at the end of our patience, none before."""
    uri = site.put("/a.jpg", Answer(429, headers={"Retry-After": asked}), Answer(404))
    with fetcher(site.base, patience_s=1) as fetch, pytest.raises(BadImage, match="unreachable"):
        fetch(claim_on(DATA, uri), never)
    assert site.asked["/a.jpg"] <= 2


def test_a_server_that_is_not_up_yet_is_waited_for() -> None:
    """Connection refused is no answer."""
    with website() as gone:
        base = gone.base
    with fetcher(base, patience_s=0.6) as fetch, pytest.raises(BadImage, match="unreachable"):
        fetch(claim_on(DATA, f"{base}/a.jpg"), never)


def test_a_hanging_server_costs_one_timeout_an_attempt(site: Site) -> None:
    """Then it is asked again."""
    uri = site.put("/a.jpg", site.hang, GOOD)
    with fetcher(site.base, timeout_s=0.3) as fetch:
        assert fetch(claim_on(DATA, uri), never).data == DATA


def test_a_dripping_server_has_one_deadline_for_everything(site: Site) -> None:
    """Bytes that come one by one, in headers or body, do not stretch it."""

    def drip(handler: object) -> None:
        stream = handler.wfile  # type: ignore[attr-defined]
        stream.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
        while not site.closing.wait(0.05):
            stream.write(b"x")
            stream.flush()

    uri = site.put("/a.jpg", drip)
    with (
        fetcher(site.base, timeout_s=0.4, patience_s=0) as fetch,
        pytest.raises(BadImage, match=r"no answer within 0\.4 s"),
    ):
        fetch(claim_on(DATA, uri), never)


@pytest.mark.parametrize("by", ["stop", "ended"])
def test_who_is_told_to_stop_waits_no_longer(site: Site, by: str) -> None:
    """Neither for a pause to end nor for a server to answer; told by the worker or the batch."""
    told = threading.Event()
    missing, hanging = f"{site.base}/no", site.put("/hang", site.hang)
    stop, ended = (told.is_set, never) if by == "stop" else (never, told.is_set)
    with (
        fetcher(site.base, stop=stop, timeout_s=600, patience_s=600) as fetch,
        ThreadPoolExecutor(2) as pool,
    ):
        waiting = [pool.submit(fetch, claim_on(DATA, uri), ended) for uri in (missing, hanging)]
        while not (site.asked["/no"] and site.asked["/hang"]):
            time.sleep(0.01)
        told.set()
        for one in waiting:
            with pytest.raises(Stopped):
                one.result(30)


def test_a_file_that_is_still_being_written_is_waited_for(tmp_path: Path) -> None:
    """Other bytes are believed when they come twice, not when they grow."""
    path = tmp_path / "a.jpg"
    path.write_bytes(DATA[:3])
    tally = Tally()
    with fetcher(tmp_path.as_uri(), meter=tally) as fetch, ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(fetch, claim_on(DATA, path.as_uri()), never)
        while not tally.retries:
            time.sleep(0.01)
        path.write_bytes(DATA)
        assert waiting.result(30).data == DATA


def test_a_file_that_is_not_there_yet_is_waited_for(tmp_path: Path) -> None:
    """Nor its folder."""
    path = tmp_path / "later" / "a.jpg"
    tally = Tally()
    with fetcher(tmp_path.as_uri(), meter=tally) as fetch, ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(fetch, claim_on(DATA, path.as_uri()), never)
        while not tally.retries:
            time.sleep(0.01)
        path.parent.mkdir()
        path.write_bytes(DATA)
        assert waiting.result(30).data == DATA


def test_one_that_waits_holds_up_no_other(site: Site) -> None:
    """Many hang, one is fetched."""
    told = threading.Event()
    hanging, good = site.put("/hang", site.hang), site.put("/a.jpg", GOOD)
    with fetcher(site.base) as fetch, ThreadPoolExecutor(20) as pool:
        waiting = [pool.submit(fetch, claim_on(DATA, hanging), told.is_set) for _ in range(20)]
        assert fetch(claim_on(DATA, good), never).data == DATA
        told.set()
        assert all(isinstance(one.exception(30), Stopped) for one in waiting)


def test_many_that_hang_leave_the_others_a_place(site: Site) -> None:
    """More than are read at one moment: each gives its place away when its time is over."""
    told = threading.Event()
    missing, good = site.put("/hang", site.hang), site.put("/a.jpg", GOOD)
    with fetcher(site.base, timeout_s=0.5) as fetch, ThreadPoolExecutor(AT_ONCE + 1) as pool:
        claim = claim_on(DATA, missing)
        waiting = [pool.submit(fetch, claim, told.is_set) for _ in range(AT_ONCE)]
        while site.asked["/hang"] < AT_ONCE:
            time.sleep(0.01)
        last = pool.submit(fetch, claim_on(DATA, good), never)
        assert last.result(PATIENCE_S).data == DATA
        told.set()
        assert all(isinstance(one.exception(PATIENCE_S), Stopped) for one in waiting)


def test_certificates_that_are_none_are_the_operators_to_mend(tmp_path: Path) -> None:
    """Named with their setting."""
    (tmp_path / "ca.pem").write_text("none")
    for name in ("ca.pem", "absent.pem"):
        with pytest.raises(Misconfigured, match=r"fetch\.ssl_cafile = "):
            open_client(tmp_path / name, 1.0)
