"""How to reach Kafka, and what its errors mean to us."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from kafka import KafkaConsumer
from kafka.errors import (
    AuthorizationError,
    FencedInstanceIdError,
    InconsistentGroupProtocolError,
    InvalidConfigurationError,
    InvalidPartitionsError,
    InvalidReplicationFactorError,
    InvalidSessionTimeoutError,
    InvalidTopicError,
    KafkaConfigurationError,
    KafkaError,
    MessageSizeTooLargeError,
    PolicyViolationError,
    RecordListTooLargeError,
    RetriableError,
    SaslAuthenticationFailedError,
    UnsupportedSaslMechanismError,
    UnsupportedVersionError,
)

from engine.errors import Misconfigured, Transient

REQUEST_TIMEOUT_MS = 10_000
GLANCE_TIMEOUT_MS = 2000
"""For what can be done without: where Kafka does not answer, a stop must not wait for it."""
RECONNECT_MS = 1000
"""At most between two attempts; the client's own 30 s would outlast most outages."""

OPERATOR_ERRORS = (
    AuthorizationError,
    FencedInstanceIdError,
    InconsistentGroupProtocolError,
    InvalidConfigurationError,
    InvalidPartitionsError,
    InvalidReplicationFactorError,
    InvalidSessionTimeoutError,
    InvalidTopicError,
    KafkaConfigurationError,
    MessageSizeTooLargeError,
    PolicyViolationError,
    RecordListTooLargeError,
    SaslAuthenticationFailedError,
    UnsupportedSaslMechanismError,
    UnsupportedVersionError,
)


@dataclass(frozen=True, slots=True)
class Broker:
    """Address of a cluster and how to log in.

    bootstrap: `host:port`, several separated by commas.
    security: kafka-python's own options, such as `security_protocol` and `sasl_mechanism`.
    connect_timeout_s: how long to try before the address is called wrong.
    """

    bootstrap: str
    security: Mapping[str, object] = field(default_factory=dict, repr=False)
    connect_timeout_s: float = 10.0

    def options(self) -> dict[str, object]:
        """Gather the keyword arguments that every client of kafka-python takes."""
        return {
            "bootstrap_servers": self.bootstrap,
            "bootstrap_timeout_ms": int(self.connect_timeout_s * 1000),
            "reconnect_backoff_max_ms": RECONNECT_MS,
            **self.security,
        }


@contextmanager
def connecting(broker: Broker) -> Iterator[None]:
    """Turn every failure of a first connection into Misconfigured: nothing has worked yet."""
    try:
        yield
    except KafkaError as error:
        raise Misconfigured(
            f"Kafka does not answer at {broker.bootstrap}: {error}. "
            "Check that the broker runs and that the address and the login are right."
        ) from error


@contextmanager
def talking(broker: Broker) -> Iterator[None]:
    """Sort the errors of an established connection by fault; what is left over is a bug."""
    try:
        yield
    except OPERATOR_ERRORS as error:
        raise Misconfigured(f"Kafka at {broker.bootstrap} refuses: {error}") from error
    except RetriableError as error:
        raise Transient(f"Kafka at {broker.bootstrap} does not answer: {error}") from error


def open_client(kind: Any, **options: object) -> Any:
    """Connect a KafkaConsumer or KafkaAdminClient; raises KafkaError.

    One that cannot connect would leave its thread and its sockets behind for good: no close()
    of its own gets rid of what its constructor began.
    """
    client = kind.__new__(kind)
    try:
        client.__init__(**options)
    except KafkaError:
        client._client.close()  # noqa: SLF001  there is no other name for it
        raise
    return client


def open_reader(broker: Broker) -> KafkaConsumer:
    """Connect a consumer without a group, which reads what is committed; assign it partitions."""
    return open_client(
        KafkaConsumer,
        **broker.options(),
        group_id=None,
        enable_auto_commit=False,
        isolation_level="read_committed",
        auto_offset_reset="earliest",
        allow_auto_create_topics=False,
    )
