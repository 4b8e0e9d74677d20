"""The command as a process: exit status, one line on standard error, what stopping leaves."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

import cairn
from cairn.cli import app
from tests.album import album, write
from tests.onnx_model import flatten_model

MAIN = [sys.executable, "-c", "from cairn.cli import main; main()"]
COMMANDS = ["demo", "run", "produce", "cluster", "evaluate", "result", "report", "view", "serve"]
GROUPS = {"models": ["list", "add", "verify"], "state": ["inspect", "verify", "reembed"]}
EVERY = [[name] for name in COMMANDS] + [[g, name] for g, names in GROUPS.items() for name in names]
ORDERS = ["merge", "split", "move", "confirm", "name", "forget", "regroup", "undo"]
LINKS = ["must-link", "cannot-link"]


def run(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [*MAIN, *arguments]
    return subprocess.run(
        command, cwd=folder, env=_environment(), capture_output=True, text=True, check=False
    )


def _environment(**more: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), **more}


def test_an_error_is_one_line_and_status_1(tmp_path: Path) -> None:
    """No traceback; nothing on standard output."""
    done = run("cluster", "lost", "-o", "r.json", folder=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "cairn: lost is no folder that can be read: name one with photos\n"


def test_the_error_of_a_library_becomes_one_line_too(tmp_path: Path) -> None:
    """ONNX Runtime explains itself over several."""
    (tmp_path / "m.onnx").write_bytes(flatten_model(4))
    fields = ("--set", "licence=x", "--set", "source=x", "--set", "size=[9,9]")
    done = run("models", "add", "m.onnx", *fields, folder=tmp_path)
    assert done.returncode == 1
    assert "cannot run" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_result_leaves_no_control_characters_in_a_log(tmp_path: Path) -> None:
    """Where standard error is no terminal the progress bar is one plain line."""
    write(tmp_path / "p", {"\x1b[31m.jpg": b"", "a.jpg": album()["0-coffee.jpg"]})
    done = run("cluster", "p", "-o", "/dev/stdout", folder=tmp_path)
    assert done.returncode == 0
    assert done.stdout.startswith("[\n")
    assert "2/2 photos" in done.stderr
    assert not {"\x1b", "\r"} & set(done.stderr)


@pytest.fixture
def _heeding_ctrl_c() -> Iterator[None]:
    """What a shell started in the background ignores it, and so would all that it starts."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("_heeding_ctrl_c")
@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["ctrl-c", "term"]
)
def test_stopping_cleans_up(number: int, status: int, tmp_path: Path) -> None:
    """No result, no scratch files, no traceback."""
    for folder in ("scratch", "p"):
        (tmp_path / folder).mkdir()
    (tmp_path / "p" / "0.jpg").write_bytes(album()["0-coffee.jpg"])
    for n in range(1, 200):
        (tmp_path / "p" / f"{n}.jpg").hardlink_to(tmp_path / "p" / "0.jpg")
    process = subprocess.Popen(
        [*MAIN, "cluster", "p", "-o", "r.json"],
        cwd=tmp_path,
        env=_environment(TMPDIR=str(tmp_path / "scratch"), CAIRN_ENGINE__BATCH_SIZE="1"),
        stderr=subprocess.PIPE,
        text=True,
    )
    while process.poll() is None and not list(tmp_path.glob("scratch/*/state.sqlite")):
        time.sleep(0.01)
    process.send_signal(number)
    assert "Traceback" not in process.communicate()[1]
    assert process.returncode == status
    assert not list((tmp_path / "scratch").iterdir())
    assert not (tmp_path / "r.json").exists()


@pytest.mark.parametrize(
    "command",
    [
        *([name] for name in COMMANDS),
        *([group, name] for group in GROUPS for name in GROUPS[group]),
    ],
)
def test_help_shows_an_example_within_80_columns(command: list[str]) -> None:
    """Nothing is cut off."""
    shown = CliRunner().invoke(app, [*command, "--help"], env={"COLUMNS": "80"}).stdout
    assert f"Example: cairn {' '.join(command)}" in shown
    assert max(map(len, shown.splitlines())) <= 80


def test_help_on_corrections_names_both_ways() -> None:
    """A state directory, and Kafka."""
    shown = CliRunner().invoke(app, ["correct", "--help"], env={"COLUMNS": "80"}).stdout
    for way in ("--state cairn-state", "--kafka localhost:9092"):
        assert f"Example: cairn correct {way} " in " ".join(shown.split())


@pytest.mark.parametrize("order", [*ORDERS, *LINKS])
def test_help_on_corrections_shows_where_they_go(order: str) -> None:
    """The state or the broker is named before the order."""
    shown = CliRunner().invoke(app, ["correct", order, "--help"], env={"COLUMNS": "80"}).stdout
    assert f"Example: cairn correct --state cairn-state {order} " in " ".join(shown.split())
    assert max(map(len, shown.splitlines())) <= 80


def test_the_front_page_names_every_command() -> None:
    """Each with a line that says what it does."""
    shown = CliRunner().invoke(app, ["--help"]).stdout
    for command in [*COMMANDS, *GROUPS, "correct"]:
        assert f"│ {command} " in shown


def test_version() -> None:
    """For reports of what went wrong."""
    assert CliRunner().invoke(app, ["--version"]).stdout == f"cairn {cairn.__version__}\n"


def test_nothing_is_reported_to_the_makers_of_a_library(tmp_path: Path) -> None:
    """ONNX Runtime would note its session in the scratch directory, and send it."""
    environment = _environment(TMPDIR=str(tmp_path))
    environment.pop("ORT_DISABLE_TELEMETRY", None)
    load = [sys.executable, "-c", "import cairn.cli"]
    subprocess.run(load, env=environment, check=True)
    assert not list(tmp_path.iterdir())


def test_a_misspelt_option_is_status_2() -> None:
    """As every command line has it."""
    assert CliRunner().invoke(app, ["cluster", "p", "--otuput", "r.json"]).exit_code == 2
