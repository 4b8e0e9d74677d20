"""A broker that wants a certificate and a password, over TLS: who has both works as ever."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cairn.kafka_run import broker_of, layout_of
from cairn.settings import load
from consumer.topics import ensure_topics
from tests.kafka import broker as own
from tests.kafka import kit
from tests.kafka.workers import (
    MARKS,
    SETTINGS,
    clustered,
    long_form,
    tiny_records,
    wait_for,
    worker,
)
from tests.pki import KEY_WORD, Pki, make_pki

pytestmark = [
    *MARKS,
    long_form,
]

WORD = "hunter2"
GUARDED = """\
listener.security.protocol.map=PLAINTEXT:SASL_SSL,CONTROLLER:PLAINTEXT
inter.broker.listener.name=PLAINTEXT
sasl.enabled.mechanisms=PLAIN
sasl.mechanism.inter.broker.protocol=PLAIN
listener.name.plaintext.plain.sasl.jaas.config=\
org.apache.kafka.common.security.plain.PlainLoginModule required \
username="broker" password="{secret}" user_broker="{secret}" user_cairn="{secret}";
listener.name.plaintext.ssl.client.auth=required
ssl.keystore.type=PEM
ssl.keystore.location={pki.broker}
ssl.truststore.type=PEM
ssl.truststore.location={pki.authority}
"""


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    return make_pki(tmp_path_factory.mktemp("pki"))


@pytest.fixture(scope="module")
def bootstrap(
    request: pytest.FixtureRequest, pki: Pki, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """A broker of its own."""
    request.getfixturevalue("kafka_bootstrap")  # says so where none can run
    directory, jars = tmp_path_factory.mktemp("guarded"), own.fetch_jars()
    port = own._configure(directory)
    with (directory / "server.properties").open("a") as properties:
        properties.write(GUARDED.format(secret=WORD, pki=pki))
    own._format_storage(jars, directory)
    process = own._start(jars, directory)
    try:
        own._wait_until_ready(process, directory / "broker.log")
        yield f"127.0.0.1:{port}"
    finally:
        own._stop(process)


@pytest.fixture
def login(pki: Pki, tmp_path: Path) -> dict[str, str]:
    """The settings of who may."""
    secrets = {"sasl": WORD, "ssl": KEY_WORD}
    for name, text in secrets.items():
        (tmp_path / name).write_text(f"{text}\n")
    return {
        "CAIRN_KAFKA__SECURITY_PROTOCOL": "SASL_SSL",
        "CAIRN_KAFKA__SASL_MECHANISM": "PLAIN",
        "CAIRN_KAFKA__SASL_USERNAME": "cairn",
        "CAIRN_KAFKA__SASL_PASSWORD_FILE": str(tmp_path / "sasl"),
        "CAIRN_KAFKA__SSL_CAFILE": str(pki.authority),
        "CAIRN_KAFKA__SSL_CERTFILE": str(pki.certificate),
        "CAIRN_KAFKA__SSL_KEYFILE": str(pki.key),
        "CAIRN_KAFKA__SSL_PASSWORD_FILE": str(tmp_path / "ssl"),
    }


def test_who_may_works_as_ever(bootstrap: str, login: dict[str, str], tmp_path: Path) -> None:
    """Topics are made, photos sent and clustered: every client has the certificate and the
    password, and says neither."""
    where = {"kafka.bootstrap": bootstrap, "kafka.topic_prefix": "guarded"}
    kafka = load(None, login, where).kafka
    broker = broker_of(kafka)
    ensure_topics(broker, layout_of(kafka))
    kit.send(broker, "guarded.images", tiny_records(range(8)))
    told = {name.removeprefix("CAIRN_"): text for name, text in login.items()}
    told["LOG__LEVEL"] = "debug"
    with worker(bootstrap, "guarded", tmp_path / "state", **told) as life:
        wait_for(lambda: len(clustered(broker, "guarded")) >= 8, life)
        assert life.stop() == 0
        said = life.message()
    assert WORD not in said
    assert KEY_WORD not in said


def test_who_may_not_is_told(bootstrap: str, login: dict[str, str], tmp_path: Path) -> None:
    """With a wrong password, or without a certificate to show, a worker ends in one clear line."""
    (tmp_path / "wrong").write_text("hunter3")
    names = ("CERTFILE", "KEYFILE", "PASSWORD_FILE")
    shown = {f"CAIRN_KAFKA__SSL_{name}" for name in names}
    for wrong in (
        login | {"CAIRN_KAFKA__SASL_PASSWORD_FILE": str(tmp_path / "wrong")},
        {name: text for name, text in login.items() if name not in shown},
    ):
        command = [sys.executable, "-c", "from cairn.cli import main; main()", "run"]
        ended = subprocess.run(
            [*command, "--kafka", bootstrap],
            env={**os.environ, **SETTINGS, **wrong},
            cwd=tmp_path,
            check=False,
            capture_output=True,
            text=True,
        )
        assert ended.returncode == 1
        (line,) = ended.stderr.splitlines()
        assert line.startswith(f"cairn: Kafka does not answer at {bootstrap}")
        assert "login" in line
