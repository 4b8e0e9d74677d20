"""Serves a read model over HTTP until told to stop."""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event
from typing import Final

import uvicorn

from cairn.sections import Serve
from engine.errors import Misconfigured
from exporters.api.app import create_app
from exporters.api.guard import is_loopback
from exporters.api.port import Options, Tools
from exporters.view.port import View

FINISH_WITHIN_S: Final = 5
"""For answers that are under way when the server is stopped."""

_log = logging.getLogger(__name__)


def serve_view(serve: Serve, view: View, tools: Tools, stop: Event) -> None:
    """Answer until `stop` is set; raises Misconfigured."""
    options = options_of(serve)
    with listening(serve.host, serve.port) as listener:
        answer(view, tools, options, listener, stop)


def answer(
    view: View, tools: Tools, options: Options, listener: socket.socket, stop: Event
) -> None:
    """Answer whoever connects, on any thread, until `stop` is set."""
    config = uvicorn.Config(
        create_app(view, tools, options, stop.is_set),
        access_log=False,
        http="h11",
        log_config=None,
        log_level="warning",
        loop="asyncio",
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=FINISH_WITHIN_S,
        ws="none",
    )
    _log.info("serving on %sapi/v1", address_of(listener))
    _Server(config, stop).run(sockets=[listener])


def address_of(listener: socket.socket) -> str:
    """Where somebody on this machine finds it, for a browser."""
    host, port = listener.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 # not bound by this
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


def options_of(serve: Serve) -> Options:
    """How strangers are met; raises Misconfigured where others could ask without a token."""
    token = None if serve.token is None else serve.token.get_secret_value()
    if token is not None and (not token or not token.isprintable()):
        raise Misconfigured("serve.token must be one line of text: give a long random one")
    if token is None and not is_loopback(serve.host):
        raise Misconfigured(
            f"serve.host = {serve.host!r} can be reached by others: set serve.token_file,"
            " or listen on 127.0.0.1"
        )
    return Options(token, serve.max_body_bytes, serve.origins, serve.max_image_bytes)


class _Server(uvicorn.Server):
    """Ends with all else that `stop` ends, and leaves signals to who set it."""

    def __init__(self, config: uvicorn.Config, stop: Event) -> None:
        super().__init__(config)
        self._stop = stop

    async def on_tick(self, counter: int) -> bool:
        return self._stop.is_set() or await super().on_tick(counter)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextmanager
def listening(host: str, port: int) -> Iterator[socket.socket]:
    """A socket for `answer`; raises Misconfigured."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family)
    except OSError as error:
        raise Misconfigured(
            f"serve.host = {host!r}, serve.port = {port}: cannot listen there: {error.strerror}"
        ) from error
    # Connections inherit it; else an answer's body waits 40 ms for its head to be acknowledged.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with listener:
        yield listener
