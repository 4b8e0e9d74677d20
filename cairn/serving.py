"""Serves a read model over HTTP until told to stop, and hands corrections on."""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from threading import Event
from types import FrameType
from typing import Final

import uvicorn

from cairn.correction import send_correction, spool_correction
from cairn.folder_run import STATE_FILE
from cairn.sections import Serve, Settings
from engine.errors import Misconfigured
from engine.types import Correction
from exporters.api.app import create_app
from exporters.api.guard import is_loopback
from exporters.api.port import Desk, Options, Tools
from exporters.view.database import Database
from exporters.view.opening import open_filled_view

FINISH_WITHIN_S: Final = 5
"""For answers that are under way when the server is stopped."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SpoolDesk:
    """The Desk port over a folder's state, whose worker carries commands out."""

    settings: Settings

    def send(self, correction: Correction) -> None:
        """Leave it beside the state."""
        spool_correction(self.settings, correction)


@dataclass(frozen=True, slots=True)
class KafkaDesk:
    """The Desk port over the topic of commands."""

    settings: Settings

    def send(self, correction: Correction) -> None:
        """Send it, and wait until it is there."""
        send_correction(self.settings, correction)


def desk_of(settings: Settings, *, folder: bool, kafka: bool) -> Desk | None:
    """Take corrections for a folder's state or over Kafka; Misconfigured where that is none."""
    if kafka:
        return KafkaDesk(settings)
    if not folder:
        return None
    path = settings.state.directory / STATE_FILE
    if not path.exists():
        raise Misconfigured(
            f"there is no {path}: name the directory that `cairn run --state` names"
        )
    return SpoolDesk(settings)


def serve_view(serve: Serve, url: str, tools_for: Callable[[Database], Tools], stop: Event) -> None:
    """Answer until a signal sets `stop`; raises Misconfigured."""
    options = options_of(serve)
    with closing(open_filled_view(url)) as view, _listening(serve.host, serve.port) as listener:
        app = create_app(view, tools_for(view), options, stop.is_set)
        config = uvicorn.Config(
            app,
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
        host = f"[{serve.host}]" if ":" in serve.host else serve.host
        _log.info("serving on http://%s:%d/api/v1", host, listener.getsockname()[1])
        _Server(config, stop).run(sockets=[listener])


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
    """Tells streams of events that a signal has come, for they would never end."""

    def __init__(self, config: uvicorn.Config, stop: Event) -> None:
        super().__init__(config)
        self._stop = stop

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._stop.set()
        super().handle_exit(sig, frame)


@contextmanager
def _listening(host: str, port: int) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family)
    except OSError as error:
        raise Misconfigured(
            f"serve.host = {host!r}, serve.port = {port}: cannot listen there: {error.strerror}"
        ) from error
    with listener:
        yield listener
