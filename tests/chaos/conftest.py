"""A broker for chaos alone, which can be stopped."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.kafka.broker import BrokerUnavailable, LocalBroker, local_broker


@pytest.fixture(scope="session")
def own_broker() -> Iterator[LocalBroker]:
    """A broker for chaos alone; skips where none can run, fails if CAIRN_REQUIRE_KAFKA=1."""
    with ExitStack() as stack:
        try:
            broker = stack.enter_context(local_broker())
        except BrokerUnavailable as reason:
            if os.environ.get("CAIRN_REQUIRE_KAFKA") == "1":
                pytest.fail(f"CAIRN_REQUIRE_KAFKA=1, but {reason}")
            pytest.skip(str(reason))
        yield broker
