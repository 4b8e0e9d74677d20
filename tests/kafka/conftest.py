"""Fixtures of the tests that talk to a real broker."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from uuid import uuid4

import pytest

from consumer.connection import Broker
from consumer.topics import TopicLayout, ensure_topics
from tests.kafka.broker import BrokerUnavailable, running_broker


@pytest.fixture(scope="session")
def kafka_bootstrap() -> Iterator[str]:
    """Address of a broker; skips where none can run, fails if CAIRN_REQUIRE_KAFKA=1."""
    with contextlib.ExitStack() as stack:
        try:
            bootstrap = stack.enter_context(running_broker())
        except BrokerUnavailable as reason:
            if os.environ.get("CAIRN_REQUIRE_KAFKA") == "1":
                pytest.fail(f"CAIRN_REQUIRE_KAFKA=1, but {reason}")
            pytest.skip(str(reason))
        yield bootstrap


@pytest.fixture
def broker(kafka_bootstrap: str) -> Broker:
    return Broker(kafka_bootstrap)


@pytest.fixture
def prefix(broker: Broker) -> str:
    """Prefix of a fresh set of topics, two partitions each."""
    prefix = f"t{uuid4().hex[:8]}"
    ensure_topics(broker, TopicLayout(prefix, partitions=2, max_message_bytes=200_000))
    return prefix
