"""The fixture itself: a broker that answers."""

from __future__ import annotations

import pytest
from kafka.admin import KafkaAdminClient

pytestmark = pytest.mark.kafka


def test_broker_answers(kafka_bootstrap: str) -> None:
    """The address of the fixture belongs to a broker that accepts requests."""
    admin = KafkaAdminClient(bootstrap_servers=kafka_bootstrap)
    try:
        assert len(admin.describe_cluster()["brokers"]) == 1
    finally:
        admin.close()
