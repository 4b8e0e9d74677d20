"""A web server on loopback whose every path does what a test tells it to."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Answer:
    """Status, headers and body; no Content-Length is added where `headers` has one."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


Act = Answer | Callable[[BaseHTTPRequestHandler], None]


@dataclass
class Site:
    """Paths and what is answered there, call by call, the last one for ever."""

    base: str
    paths: dict[str, list[Act]] = field(default_factory=dict)
    asked: Counter[str] = field(default_factory=Counter)
    headers: list[Mapping[str, str]] = field(default_factory=list)
    closing: threading.Event = field(default_factory=threading.Event)

    def put(self, path: str, *acts: Act) -> str:
        """Answer a path so; its URL."""
        self.paths[path] = list(acts)
        return self.base + path

    def hang(self, _: BaseHTTPRequestHandler) -> None:
        """Never answer."""
        self.closing.wait()

    def next(self, path: str) -> Act:
        acts = self.paths.get(path, [Answer(404)])
        self.asked[path] += 1
        return acts[min(self.asked[path], len(acts)) - 1]


@contextmanager
def website() -> Iterator[Site]:
    """The site, up; everything that hangs is let go at the end."""
    site = Site("")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            site.headers.append(dict(self.headers))
            act = site.next(self.path.partition("?")[0])
            if isinstance(act, Answer):
                answer(self, act)
            else:
                act(self)
                self.close_connection = True

        def log_message(self, *_: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    site.base = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield site
    finally:
        site.closing.set()
        server.shutdown()
        server.server_close()
        thread.join()


def answer(handler: BaseHTTPRequestHandler, told: Answer) -> None:
    handler.send_response(told.status)
    for name, text in {"Content-Length": str(len(told.body)), **told.headers}.items():
        handler.send_header(name, text)
    handler.end_headers()
    handler.wfile.write(told.body)
