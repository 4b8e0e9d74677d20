"""The health server answers three paths from memory and nothing else."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import httpx
import pytest
from prometheus_client import CollectorRegistry, Counter

from engine.errors import Misconfigured
from exporters.health import HealthServer, Heartbeat


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Bench:
    """A running server with a clock to turn and a readiness to switch."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.heartbeat = Heartbeat(30.0, self.clock)
        self.ready = (False, "restoring")
        registry = CollectorRegistry()
        Counter("pebbles", "Pebbles.", registry=registry).inc(7)
        self.server = HealthServer(
            "127.0.0.1", 0, registry, self.heartbeat.check, lambda: self.ready
        )

    def get(self, path: str, method: str = "GET") -> httpx.Response:
        url = f"http://127.0.0.1:{self.server.port}{path}"
        return httpx.request(method, url, trust_env=False)

    def send(self, request: bytes) -> bytes:
        with socket.create_connection(("127.0.0.1", self.server.port)) as connection:
            connection.sendall(request)
            return connection.makefile("rb").read()


@pytest.fixture
def bench() -> Iterator[Bench]:
    bench = Bench()
    bench.server.start()
    yield bench
    bench.server.stop()


def test_metrics_are_served_in_prometheus_format(bench: Bench) -> None:
    """The given registry is what is shown."""
    answer = bench.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=")
    assert "pebbles_total 7.0" in answer.text


def test_livez_goes_red_when_the_loop_stalls(bench: Bench) -> None:
    """Silence longer than the limit fails the probe; one beat heals it."""
    bench.clock.now += 30
    assert bench.get("/livez").status_code == 200
    bench.clock.now += 1
    answer = bench.get("/livez")
    assert (answer.status_code, answer.text) == (503, "last progress 31.0 s ago\n")
    bench.heartbeat.beat()
    assert bench.get("/livez").status_code == 200


def test_readyz_says_why_not(bench: Bench) -> None:
    """Readiness is asked anew each time and answers with its reason."""
    answer = bench.get("/readyz")
    assert (answer.status_code, answer.text) == (503, "restoring\n")
    bench.ready = (True, "reading 4 partitions")
    assert bench.get("/readyz").status_code == 200


@pytest.mark.parametrize(
    "path", ["/", "/metrics/", "/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "//livez/.."]
)
def test_other_paths_do_not_exist(bench: Bench, path: str) -> None:
    """No path leads to a file."""
    answer = bench.send(f"GET {path} HTTP/1.0\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.0 404 ")
    assert b"root:" not in answer


def test_head_and_queries_are_understood(bench: Bench) -> None:
    """A HEAD request gets the headers alone, and a query changes nothing."""
    answer = bench.get("/metrics?name[]=x", method="HEAD")
    assert (answer.status_code, answer.content) == (200, b"")
    assert int(answer.headers["content-length"]) > 0


def test_other_methods_are_refused(bench: Bench) -> None:
    """The server is to be read only."""
    assert bench.get("/metrics", method="POST").status_code == 501


def test_an_endless_request_line_is_refused(bench: Bench) -> None:
    """A request line beyond 64 KiB is answered before it ends."""
    assert b" 414 " in bench.send(b"GET /".ljust(65537, b"a"))


def test_a_taken_port_is_the_operators_to_change(bench: Bench) -> None:
    """Two workers on one port: the second says which setting to change."""
    second = HealthServer(
        "127.0.0.1", bench.server.port, CollectorRegistry(), lambda: (True, ""), lambda: (True, "")
    )
    with pytest.raises(Misconfigured, match=r"metrics\.port"):
        second.start()


def test_stopping_frees_the_port(bench: Bench) -> None:
    """A stopped server can be started again on the port it had."""
    port = bench.server.port
    bench.server.stop()
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"http://127.0.0.1:{port}/livez", trust_env=False)
    bench.server.start()
