"""What every test starts from: nothing depends on how fast the machine is today."""

from __future__ import annotations

import gc
import logging
import warnings
from collections.abc import Iterator

import pytest
from hypothesis import settings

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture
def no_sockets_left(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Collect what Kafka's client leaves unclosed where nobody answers, which is no fault of ours.

    What it logs would keep it alive.
    """
    caplog.set_level(logging.CRITICAL, "kafka")
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()
