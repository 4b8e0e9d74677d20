"""What a service writes to standard error."""

from __future__ import annotations

import logging
import time

import orjson
import pytest

from cairn.logs import JsonFormatter


def test_times_are_utc_wherever_the_machine_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    """A `Z` at the end of a local time would be a lie."""
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    record = logging.makeLogRecord({"created": 0.0, "msg": "hello", "name": "cairn"})
    entry = orjson.loads(JsonFormatter().format(record))
    monkeypatch.undo()
    time.tzset()
    assert entry["time"] == "1970-01-01T00:00:00Z"
    assert (entry["message"], entry["logger"]) == ("hello", "cairn")
