"""`cairn serve` as a process: its port, its token, its events, and how it ends."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from consumer.spool import COMMANDS
from exporters.view.opening import open_view
from exporters.view.port import View
from tests.api.kit import bearing
from tests.commands import complaint
from tests.recovery.kit import until
from tests.view.kit import IDENTITY, Album, Feed

MAIN = [sys.executable, "-c", "from cairn.cli import main; main()"]
PATIENCE_S = 60.0


@dataclass
class Server:
    """One that runs."""

    process: subprocess.Popen[bytes]
    said: Path

    def url(self) -> str:
        """Where it listens, once it does."""
        until(lambda: self._listening is not None or self.process.poll() is not None)
        found = self._listening
        assert found is not None, self.said.read_text()
        return found[1]

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE_S)

    @property
    def _listening(self) -> re.Match[str] | None:
        return re.search(r"serving on (http://\S+)/api/v1\n", self.said.read_text())


@contextmanager
def serving(folder: Path, *options: str, **environment: str) -> Iterator[Server]:
    said = folder / "said"
    root = str(Path(__file__).parents[2])
    with said.open("wb") as log:
        process = subprocess.Popen(
            [*MAIN, "serve", "--port", "0", *options],
            env={**os.environ, "PYTHONPATH": root, **environment},
            stderr=log,
        )
        try:
            yield Server(process, said)
        finally:
            process.kill()
            process.wait()


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/view.db"


@pytest.fixture
def view(url: str) -> Iterator[View]:
    with closing(open_view(url, IDENTITY)) as made:
        yield made


def test_a_server_from_start_to_stop(tmp_path: Path, url: str, view: View) -> None:
    """Another process fills the view; listeners hear of it; SIGTERM ends even their streams."""
    token, state = tmp_path / "token", tmp_path / "state"
    token.write_text("s3cret\n")
    state.mkdir()
    (state / "state.sqlite").touch()
    feed, album = Feed(view), Album()
    options = ("--view", url, "--state", str(state))
    with (
        serving(tmp_path, *options, CAIRN_SERVE__TOKEN_FILE=str(token)) as server,
        httpx.Client(base_url=server.url(), timeout=PATIENCE_S, headers=bearing("s3cret")) as http,
    ):
        assert httpx.get(f"{server.url()}/api/v1/scopes").status_code == 401
        assert http.get("/api/v1/scopes").json()["rows"] == []
        with http.stream("GET", "/api/v1/events") as response:
            lines = response.iter_lines()
            assert [next(lines), next(lines)] == [": events follow", "id: 0"]
            feed.tell(album.photo("a", "one"))
            assert next(line for line in lines if line.startswith("id")) == "id: 1"
            body = {"scope": "site", "command": "confirm", "cluster_id": "one"}
            assert http.post("/api/v1/commands", json=body).status_code == 202
            assert b'"confirm"' in (state / COMMANDS).read_bytes()
            assert server.stop() == 0
            assert [line for line in lines if line.startswith("id")] == ["id: 2"]
        assert "s3cret" not in server.said.read_text()
        assert "Traceback" not in server.said.read_text()


@pytest.mark.usefixtures("view")
def test_what_cannot_be_served_is_said(tmp_path: Path, url: str) -> None:
    """Addresses that others reach without a token, taken ports, no view, no state: one line."""
    assert "serve.token_file" in complaint("serve", "--view", url, "--host", "0.0.0.0")  # noqa: S104 # refused
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert "cannot listen there" in complaint("serve", "--view", url, "--port", port)
    lost = f"sqlite:///{tmp_path}/lost/view.db"
    assert "cairn view" in complaint("serve", "--view", lost)
    assert not (tmp_path / "lost").exists()
    (tmp_path / "empty.db").touch()
    assert "holds no view" in complaint("serve", "--view", f"sqlite:///{tmp_path}/empty.db")
    assert "cairn run --state" in complaint("serve", "--view", url, "--state", tmp_path / "no")
    both = ("--state", tmp_path, "--kafka", "localhost:9092")
    assert "not both" in complaint("serve", "--view", url, *both)


@pytest.mark.parametrize("token", ["", "two\nlines"])
@pytest.mark.usefixtures("view")
def test_a_token_is_one_line(url: str, token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody could bear another; an empty one everybody."""
    monkeypatch.setenv("CAIRN_SERVE__TOKEN", token)
    assert "one line" in complaint("serve", "--view", url)


def test_without_the_extra_it_is_named(url: str) -> None:
    """One line that says what to install."""
    without = "import sys; sys.modules['uvicorn'] = None; from cairn.cli import main; main()"
    command = [sys.executable, "-c", without, "serve", "--view", url]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == "cairn: serving needs uvicorn: pip install 'imagecairn[serve]'\n"
