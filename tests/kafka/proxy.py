"""A broker as seen through a bad line: slow answers, cut connections, nobody there.

It stands on a port of its own and puts that port into every answer where the broker names its
own, so that clients that were sent here stay here.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from queue import Queue
from threading import Event, Lock, Thread
from typing import Literal, TypeAlias

Gone: TypeAlias = Literal["request", "answer"]

PRODUCE = 0
FETCH = 1
JOIN_GROUP = 11
ADD_OFFSETS = 25
END_TRANSACTION = 26
COMMIT_OFFSETS = 28
"""Kinds of requests, by the protocol's numbers."""


class Proxy:
    """The line to one broker.

    delay_s: how much later than given an answer arrives. silent: it never does. away: nobody
    listens any more. cuts: connections cut by `lose`. held: set when `hold` has caught a request.
    asked: the kinds of all requests so far.
    """

    def __init__(self, bootstrap: str, listener: socket.socket) -> None:
        host, _, port = bootstrap.rpartition(":")
        self._broker = (host, int(port))
        self._listener = listener
        self._port: int = listener.getsockname()[1]
        self._open: set[socket.socket] = set()
        self._lock = Lock()
        self._lost: list[tuple[int, Gone]] = []
        self.bootstrap = f"{host}:{self._port}"
        self.delay_s = 0.0
        self.silent = False
        self.away = False
        self.cuts = 0
        self.held = Event()
        self.asked: set[int] = set()
        self._held_kind = -1
        self._go_on = Event()

    def lose(self, kind: int, gone: Gone) -> None:
        """Cut the next connection that asks this, before it is heard or before it is answered."""
        self._lost.append((kind, gone))

    def hold(self, kind: int) -> None:
        """Keep the next request of this kind until `release`; the sender is left waiting."""
        self._held_kind = kind

    def release(self) -> None:
        """Let the broker have it."""
        self._go_on.set()

    def cut(self) -> None:
        """Cut every connection."""
        with self._lock:
            for one in self._open:
                _shut(one)

    def leave(self) -> None:
        """Be away: what is connected is cut, what knocks is turned away."""
        self.away = True
        self.cut()

    def serve(self) -> None:
        """Take connections until the listener is closed."""
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                if self.away:
                    client.close()
                else:
                    Thread(target=self._connect, args=(client,), daemon=True).start()

    def _connect(self, client: socket.socket) -> None:
        with closing(client), closing(socket.create_connection(self._broker)) as server:
            with self._lock:
                self._open |= {client, server}
            answers: Queue[tuple[float, bytes]] = Queue()
            back = Thread(target=self._answer, args=(answers, client), daemon=True)
            read = Thread(target=self._listen, args=(server, answers), daemon=True)
            back.start()
            read.start()
            with suppress(OSError):
                self._ask(client, server)
            for one in (client, server):
                _shut(one)
            read.join()
            back.join()
            with self._lock:
                self._open -= {client, server}

    def _ask(self, client: socket.socket, server: socket.socket) -> None:
        """Pass requests on."""
        for frame in _frames(client):
            kind = int.from_bytes(frame[4:6], "big")
            self.asked.add(kind)
            if kind == self._held_kind:
                self._held_kind = -1
                self.held.set()
                self._go_on.wait()
            gone = self._fate(kind)
            if gone == "request":
                return
            server.sendall(frame)
            if gone == "answer":
                server.recv(1, socket.MSG_PEEK)  # the broker has done it
                return

    def _fate(self, kind: int) -> Gone | None:
        for lost in self._lost:
            if lost[0] == kind:
                self._lost.remove(lost)
                self.cuts += 1
                return lost[1]
        return None

    def _listen(self, server: socket.socket, answers: Queue[tuple[float, bytes]]) -> None:
        """Take answers, and say when they are due."""
        with suppress(OSError):
            for frame in _frames(server):
                answers.put((time.monotonic() + self.delay_s, self._redirected(frame)))
        answers.put((0.0, b""))

    def _answer(self, answers: Queue[tuple[float, bytes]], client: socket.socket) -> None:
        """Pass answers on when they are due, in their order."""
        with suppress(OSError):
            while frame := (answer := answers.get())[1]:
                time.sleep(max(0.0, answer[0] - time.monotonic()))
                if not self.silent:
                    client.sendall(frame)
        _shut(client)

    def _redirected(self, frame: bytes) -> bytes:
        host, port = self._broker
        name = host.encode()
        return frame.replace(name + port.to_bytes(4, "big"), name + self._port.to_bytes(4, "big"))


def _frames(stream: socket.socket) -> Iterator[bytes]:
    """Whole messages, each with the four bytes of its length before it."""
    while head := _exactly(stream, 4):
        yield head + _exactly(stream, int.from_bytes(head, "big"))


def _exactly(stream: socket.socket, size: int) -> bytes:
    read = bytearray()
    while len(read) < size:
        if not (chunk := stream.recv(min(size - len(read), 1 << 20))):
            return b""
        read += chunk
    return bytes(read)


def _shut(one: socket.socket) -> None:
    with suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)


@contextmanager
def proxy_to(bootstrap: str) -> Iterator[Proxy]:
    """A line to this broker, in order at first."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        proxy = Proxy(bootstrap, listener)
        server = Thread(target=proxy.serve, daemon=True)
        server.start()
        try:
            yield proxy
        finally:
            _shut(listener)
            proxy.leave()
            server.join()
