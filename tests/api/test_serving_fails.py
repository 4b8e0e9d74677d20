"""A server that breaks does not break alone."""

from __future__ import annotations

import socket
from threading import Event

import pytest

from cairn.crew import crew
from cairn.serving import answer
from exporters.api.port import Options, Tools
from tests.api.kit import AwayView


def test_a_server_that_breaks_is_noticed(caplog: pytest.LogCaptureFixture) -> None:
    """In the log, and by whoever works beside it, who stops."""
    stop = Event()
    listener = socket.create_server(("127.0.0.1", 0))

    def breaks() -> None:
        listener.close()
        answer(AwayView(), Tools(), Options(), listener, stop)

    def work() -> None:
        with crew(stop) as hire:
            hire(breaks)
            assert stop.wait(60)

    with pytest.raises(OSError, match="Bad file descriptor"):
        work()
    assert "everything stops" in caplog.text
