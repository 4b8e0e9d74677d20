"""What the settings say of logging in reaches Kafka's clients; what is missing is one sentence."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from cairn.kafka_run import broker_of, publishing
from cairn.sections import Kafka
from cairn.settings import load
from engine.errors import Misconfigured
from tests.pki import KEY_WORD, Pki, make_pki

WORD = "hunter2"


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    return make_pki(tmp_path_factory.mktemp("pki"))


def kafka(**settings: object) -> Kafka:
    given = {"bootstrap": "nowhere:9092", **settings}
    overrides = {f"kafka.{name}": str(value) for name, value in given.items()}
    return load(None, {}, overrides).kafka


def of_worker(pki: Pki, word: str = KEY_WORD) -> Kafka:
    return kafka(
        security_protocol="SASL_SSL",
        sasl_username="me",
        sasl_password=WORD,
        ssl_cafile=pki.authority,
        ssl_certfile=pki.certificate,
        ssl_keyfile=pki.key,
        ssl_password=word,
    )


def test_all_of_it_goes_to_every_client(pki: Pki) -> None:
    """Readers, writers and administrators take the same options, which no text shows."""
    settings = of_worker(pki)
    broker, sending = broker_of(settings), publishing(settings, "images")
    options = broker.options()
    assert options["security_protocol"] == "SASL_SSL"
    assert options["sasl_mechanism"] == "SCRAM-SHA-512"
    assert (options["sasl_plain_username"], options["sasl_plain_password"]) == ("me", WORD)
    context = options["ssl_context"]
    assert isinstance(context, ssl.SSLContext)
    assert context.check_hostname
    assert [dict(*name["subject"])["commonName"] for name in context.get_ca_certs()] == [
        "authority"
    ]
    assert sending.security.keys() == broker.security.keys()
    for shown in (repr(settings), str(settings), settings.model_dump_json(), repr(broker)):
        assert WORD not in shown + repr(sending)
        assert KEY_WORD not in shown + repr(sending)


def test_without_encryption_there_is_none() -> None:
    """Nothing is made up; without files of one's own the system's authorities are trusted."""
    assert broker_of(kafka()).security == {"security_protocol": "PLAINTEXT"}
    context = broker_of(kafka(security_protocol="SSL")).security["ssl_context"]
    assert isinstance(context, ssl.SSLContext)
    assert context.verify_mode is ssl.CERT_REQUIRED


def test_a_file_that_cannot_be_used_is_named(pki: Pki, tmp_path: Path) -> None:
    """Missing, no certificate, a key that its password does not open: never a question at the
    terminal, and never the password."""
    missing = tmp_path / "none.pem"
    cases = {
        "ssl_cafile.*none.pem.*No such file": {"ssl_cafile": missing},
        "ssl_cafile.*damaged or wrong": {"ssl_cafile": pki.key},
        "ssl_certfile.*No such file": {"ssl_certfile": missing, "ssl_keyfile": pki.key},
        "ssl_certfile.*wrong ssl_pass": {"ssl_certfile": pki.certificate, "ssl_keyfile": pki.key},
    }
    for complaint, files in cases.items():
        with pytest.raises(Misconfigured, match=complaint):
            broker_of(kafka(security_protocol="SSL", **files))
    with pytest.raises(Misconfigured) as wrong:
        broker_of(of_worker(pki, "swordfish"))
    assert "swordfish" not in str(wrong.value)


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"ssl_cafile": "ca.pem"}, "ssl_cafile does nothing with security_protocol PLAINTEXT"),
        ({"security_protocol": "SSL", "ssl_certfile": "a.pem"}, "ssl_certfile and ssl_keyfile"),
        (
            {"security_protocol": "SSL", "ssl_password": WORD, "ssl_password_file": "x"},
            "ssl_password or ssl_password_file, not both",
        ),
        ({"security_protocol": "SASL_SSL", "sasl_username": "me"}, "needs sasl_username and sasl"),
        ({"security_protocol": "SSL", "ssl_password_file": "/none"}, "ssl_password_file = '/none'"),
        ({"security_protocol": "TLS"}, "security_protocol"),
    ],
)
def test_what_is_missing_is_one_sentence(given: dict[str, str], complaint: str) -> None:
    """Half a login is told before anything starts, and never by quoting a secret."""
    with pytest.raises(Misconfigured, match=complaint) as told:
        kafka(**given)
    assert WORD not in str(told.value)
    assert "\n" not in str(told.value)
