"""A small HTTP server to watch a worker by: `/metrics`, `/livez`, `/readyz`.

It answers from memory alone; no request reaches a file.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingTCPServer
from typing import TypeAlias

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from engine.errors import Misconfigured

Check: TypeAlias = Callable[[], tuple[bool, str]]
"""Whether all is well, and in a few words why or why not."""

PLAIN = "text/plain; charset=utf-8"
PATIENCE_S = 10.0
STOP_WITHIN_S = 0.05


class Heartbeat:
    """Tells whether a loop still turns: the loop beats, a probe asks from another thread."""

    def __init__(self, stall_s: float, clock: Callable[[], float]) -> None:
        self._stall_s = stall_s
        self._clock = clock
        self._last = clock()

    def beat(self) -> None:
        """Say that the loop has come round."""
        self._last = self._clock()

    def check(self) -> tuple[bool, str]:
        """Tell whether the last beat is at most `stall_s` seconds old."""
        silent = self._clock() - self._last
        return silent <= self._stall_s, f"last progress {silent:.1f} s ago"


@dataclass(frozen=True, slots=True)
class _Answer:
    status: HTTPStatus
    kind: str
    body: bytes


class HealthServer:
    """Serves metrics and checks from threads of its own until it is stopped.

    Port 0 lets the system choose one; `port` then tells which.
    """

    def __init__(
        self, host: str, port: int, registry: CollectorRegistry, live: Check, ready: Check
    ) -> None:
        self._address = (host, port)
        self._answers: Mapping[str, Callable[[], _Answer]] = {
            "/metrics": partial(_metrics, registry),
            "/livez": partial(_checked, live),
            "/readyz": partial(_checked, ready),
        }
        self._server: _Server | None = None

    @property
    def port(self) -> int:
        """The port it listens on, once started."""
        return int(self._running().server_address[1])

    def start(self) -> None:
        """Begin to answer; raises Misconfigured where the address cannot be listened on."""
        try:
            self._server = _Server(self._address, partial(_Handler, self._answers))
        except (OSError, OverflowError) as error:
            host, port = self._address
            raise Misconfigured(
                f"cannot listen on {host}:{port}: {error}; set metrics.host and metrics.port"
            ) from error
        serve = partial(self._server.serve_forever, poll_interval=STOP_WITHIN_S)
        threading.Thread(target=serve, name="health", daemon=True).start()

    def stop(self) -> None:
        """Stop answering and free the port."""
        server = self._running()
        server.shutdown()
        server.server_close()
        self._server = None

    def _running(self) -> _Server:
        if self._server is None:
            raise RuntimeError("the health server is not started")
        return self._server


class _Server(ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


class _Handler(BaseHTTPRequestHandler):
    timeout = PATIENCE_S  # a client that never finishes its request is let go
    server_version = "cairn"
    sys_version = ""

    def __init__(self, answers: Mapping[str, Callable[[], _Answer]], *args: object) -> None:
        self._answers = answers
        super().__init__(*args)  # type: ignore[arg-type] # the server's own three, passed on

    def do_GET(self) -> None:
        answer = self._head()
        self.wfile.write(answer.body)

    def do_HEAD(self) -> None:
        self._head()

    def log_message(self, *_: object) -> None:
        """Write nothing: probes come every few seconds."""

    def _head(self) -> _Answer:
        answer = self._answers.get(self.path.partition("?")[0], _missing)()
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.kind)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        return answer


def _metrics(registry: CollectorRegistry) -> _Answer:
    return _Answer(HTTPStatus.OK, CONTENT_TYPE_LATEST, generate_latest(registry))


def _checked(check: Check) -> _Answer:
    well, reason = check()
    status = HTTPStatus.OK if well else HTTPStatus.SERVICE_UNAVAILABLE
    return _Answer(status, PLAIN, f"{reason}\n".encode())


def _missing() -> _Answer:
    return _Answer(HTTPStatus.NOT_FOUND, PLAIN, b"try /metrics, /livez or /readyz\n")
