"""Certificates for a broker and its clients, of an authority of their own, by OpenSSL's program."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

KEY_WORD = "open sesame"
_CURVE = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-days", "2")


@dataclass(frozen=True)
class Pki:
    """PEM files. broker: key and certificate in one. key: the client's, encrypted."""

    authority: Path
    broker: Path
    certificate: Path
    key: Path


def make_pki(directory: Path) -> Pki:
    """Make everything in a folder; skips where there is no OpenSSL."""
    if (program := shutil.which("openssl")) is None:
        pytest.skip("openssl is missing")

    def request(name: str, *options: str) -> None:
        subject = ("-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.pem")
        command = [program, "req", "-x509", *_CURVE, *subject, *options]
        subprocess.run(command, cwd=directory, check=True, capture_output=True)

    signed = ("-CA", "authority.pem", "-CAkey", "authority.key")
    request("authority", "-noenc")
    request("broker", "-noenc", *signed, "-addext", "subjectAltName=IP:127.0.0.1")
    request("client", *signed, "-passout", f"pass:{KEY_WORD}")
    both = directory / "both.pem"
    both.write_bytes((directory / "broker.key").read_bytes())
    with both.open("ab") as file:
        file.write((directory / "broker.pem").read_bytes())
    names = ("authority.pem", "both.pem", "client.pem", "client.key")
    return Pki(*(directory / name for name in names))
