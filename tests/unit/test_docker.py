"""The container files keep their promises; no container engine is needed to read them."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from cairn.sections import Settings

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "docker" / "Dockerfile").read_text(encoding="utf-8")

yaml = pytest.importorskip("yaml", reason="PyYAML reads the compose file")


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    parsed: dict[str, Any] = yaml.safe_load((ROOT / "docker" / "compose.yaml").read_text("utf-8"))
    return parsed


def test_ports_are_published_on_the_loopback_only(compose: dict[str, Any]) -> None:
    """Nothing that compose starts can be reached from another machine."""
    ports = [port for service in compose["services"].values() for port in service["ports"]]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_every_image_is_pinned_or_built_here(compose: dict[str, Any]) -> None:
    """The same file starts the same versions next year."""
    for service in compose["services"].values():
        assert "build" in service or re.search(r":v?\d+\.\d+\.\d+$", service["image"])


def test_data_lies_in_named_volumes(compose: dict[str, Any]) -> None:
    """Every mount is a declared volume or a file of the project, read only."""
    for service in compose["services"].values():
        for mount in service["volumes"]:
            source = mount.split(":")[0]
            ours = (ROOT / "docker" / source).is_file() and mount.endswith(":ro")
            assert source in compose["volumes"] or ours


def test_the_worker_waits_for_a_healthy_broker(compose: dict[str, Any]) -> None:
    """The broker says when it is ready, and the worker starts no sooner."""
    services = compose["services"]
    assert "healthcheck" in services["kafka"]
    assert services["worker"]["depends_on"]["kafka"]["condition"] == "service_healthy"
    command = services["worker"]["command"]
    server = command[command.index("--kafka") + 1]
    assert f"INTERNAL://{server}" in services["kafka"]["environment"]["KAFKA_ADVERTISED_LISTENERS"]


def test_the_page_asks_for_a_token(compose: dict[str, Any]) -> None:
    """Within its container it listens to all: compose does not start without a token."""
    worker = compose["services"]["worker"]
    assert "--serve" in worker["command"]
    assert worker["environment"]["CAIRN_SERVE__TOKEN"].startswith("${CAIRN_TOKEN:?")
    assert f"127.0.0.1:{Settings().serve.port}:{Settings().serve.port}" in worker["ports"]


def test_the_worker_is_confined(compose: dict[str, Any]) -> None:
    """It runs as an ordinary user on a read-only file system without capabilities."""
    worker = compose["services"]["worker"]
    assert worker["read_only"] is True
    assert worker["cap_drop"] == ["ALL"]
    assert worker["security_opt"] == ["no-new-privileges:true"]
    assert f"--uid {worker['user']} " in DOCKERFILE
    assert re.findall(r"^USER (\S+)$", DOCKERFILE, re.MULTILINE) == ["cairn"]


def test_the_broker_takes_messages_as_large_as_the_settings_allow(compose: dict[str, Any]) -> None:
    """A message that the worker accepts is not refused by the broker."""
    limit = compose["services"]["kafka"]["environment"]["KAFKA_MESSAGE_MAX_BYTES"]
    assert limit == Settings().kafka.max_request_bytes


def test_prometheus_asks_the_worker(compose: dict[str, Any]) -> None:
    """The scraped address is the worker's, on the port of the settings."""
    text = (ROOT / "docker" / "prometheus.yml").read_text("utf-8")
    target = yaml.safe_load(text)["scrape_configs"][0]["static_configs"][0]["targets"][0]
    name, _, port = target.partition(":")
    assert name in compose["services"]
    assert int(port) == Settings().metrics.port
    assert f"HTTPConnection('127.0.0.1', {port}," in DOCKERFILE
    assert "'/livez'" in DOCKERFILE


def test_the_image_holds_every_package_and_nothing_else() -> None:
    """What the wheel is made of is copied, and let through by .dockerignore."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    packages = project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    copied = re.findall(r"^COPY (\w+) \./\1$", DOCKERFILE, re.MULTILINE)
    assert sorted(copied) == sorted(packages)
    ignored = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    allowed = {line.removeprefix("!") for line in ignored if line.startswith("!")}
    assert allowed == {*packages, "pyproject.toml", "README.md", "LICENSE"}


def test_the_image_runs_on_other_processors() -> None:
    """hnswlib is not tuned to the machine that built the image."""
    assert "HNSWLIB_NO_NATIVE=1" in DOCKERFILE.partition("pip install")[0]
