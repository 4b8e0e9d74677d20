"""What a running service writes to standard error: one line an entry, text or JSON."""

from __future__ import annotations

import logging
import sys
import time

import orjson

from cairn.sections import Log


class JsonFormatter(logging.Formatter):
    """One JSON object an entry."""

    converter = staticmethod(time.gmtime)

    def format(self, record: logging.LogRecord) -> str:
        """Time (RFC 3339, UTC), level, logger, message, and the traceback where there is one."""
        entry = {
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%SZ"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return orjson.dumps(entry).decode()


def start_logging(settings: Log) -> None:
    """Write to standard error in the chosen form.

    Warnings, of libraries and of the engine, are entries as well. Kafka's client repeats at
    every turn what our own lines say once: it speaks only in debug, and even then not at
    length, for it would show its configuration and all it sends, with the password. Alembic
    tells the same four lines whenever a view is opened.
    """
    handler = logging.StreamHandler(sys.stderr)
    text = logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s")
    handler.setFormatter(JsonFormatter() if settings.format == "json" else text)
    logging.basicConfig(level=settings.level.upper(), handlers=[handler])
    logging.captureWarnings(capture=True)
    quiet = logging.CRITICAL if settings.level != "debug" else logging.INFO
    logging.getLogger("kafka").setLevel(quiet)
    if settings.level == "info":
        logging.getLogger("alembic").setLevel(logging.WARNING)
