"""Clients of a Kafka that is not there."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest
from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from consumer.connection import Broker, open_client, open_reader
from tests.probes import free_port

pytestmark = [
    pytest.mark.usefixtures("no_sockets_left"),
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
]


def test_a_client_that_cannot_connect_leaves_no_thread() -> None:
    """Or an outage of an hour would fill a worker with hundreds of them."""
    broker = replace(Broker(f"127.0.0.1:{free_port()}"), connect_timeout_s=0.2)
    before = threading.active_count()
    with pytest.raises(KafkaError):
        open_reader(broker)
    with pytest.raises(KafkaError):
        open_client(KafkaAdminClient, **broker.options())
    assert threading.active_count() == before
