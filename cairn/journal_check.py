"""Compares a worker's local copy with its partition of the journal, for `cairn state verify`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from cairn.kafka_run import broker_of
from cairn.sections import Kafka
from consumer.agreement import disagreements
from consumer.restore import made_with, read_journal
from consumer.topics import topic_name
from state.store import open_store
from state.survey import StateFile


def compared(state: StateFile, kafka: Kafka) -> Iterator[str]:
    """What a copy has otherwise than the journal; nothing for other files, or without a Kafka.

    Raises Misconfigured where no broker answers, StateMismatch where the journal is another one.
    """
    images = re.escape(topic_name(kafka.topic_prefix, "images"))
    copy = re.fullmatch(rf"{images}-(\d+)\.sqlite", state.path.name)
    if copy is None or kafka.bootstrap is None:
        return
    where = (topic_name(kafka.topic_prefix, "journal"), int(copy[1]))
    records = read_journal(broker_of(kafka), where, 0, lambda: None)
    with (
        TemporaryDirectory(dir=state.path.parent, prefix=".verifying-") as scratch,
        closing(records),
        closing(open_store(Path(scratch, "rebuilt"), state.identity)) as rebuilt,
    ):
        checked = made_with(state.identity, records, where)
        yield from disagreements(state.store, checked, where[1], rebuilt)
