"""What a worker says of itself over HTTP."""

from __future__ import annotations

import socket
from collections.abc import Mapping

import httpx
from prometheus_client.parser import text_string_to_metric_families

Samples = Mapping[tuple[str, str], float]
"""Value of a metric by its name and its labels in alphabetical order, with commas."""


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def ask(url: str) -> tuple[int, str]:
    """Status and text of the answer."""
    answer = httpx.get(url)
    return answer.status_code, answer.text


def scrape(site: str) -> Samples:
    """All metrics."""
    status, text = ask(f"{site}/metrics")
    assert status == 200
    return {
        (sample.name, ",".join(label for _, label in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
