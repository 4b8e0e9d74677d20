"""How connections are encrypted: whom to trust, and the certificate to show."""

from __future__ import annotations

import ssl
from pathlib import Path

from cairn.sections import Kafka
from engine.errors import Misconfigured


def tls_context(kafka: Kafka) -> ssl.SSLContext:
    """What the settings say, ready to use; raises Misconfigured where a file is not what it should.

    A broker's certificate must be good, and be for the name that the broker is called by.
    """
    try:
        context = ssl.create_default_context(cafile=kafka.ssl_cafile)
    except OSError as error:
        raise _unusable("ssl_cafile", kafka.ssl_cafile, error) from error
    secret = kafka.ssl_password
    password = "" if secret is None else secret.get_secret_value()
    if kafka.ssl_certfile is not None:
        try:
            # Without any password a terminal would be asked for it.
            context.load_cert_chain(kafka.ssl_certfile, kafka.ssl_keyfile, lambda: password)
        except OSError as error:
            raise _unusable("ssl_certfile", kafka.ssl_certfile, error) from error
    return context


def _unusable(name: str, path: Path | None, error: OSError) -> Misconfigured:
    fault = "a damaged or wrong file, or a wrong ssl_password"
    fault = fault if isinstance(error, ssl.SSLError) else str(error.strerror)
    return Misconfigured(f"kafka.{name} = {str(path)!r} cannot be used: {fault}")
