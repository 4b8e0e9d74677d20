"""A person's command on its way: onto a state directory, or into Kafka."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from uuid import uuid4

from cairn.compose import Means, means_of, shard_of, store_at
from cairn.folder_run import STATE_FILE, lines_in
from cairn.kafka_run import broker_of, layout_of, publishing
from cairn.sections import Settings
from consumer.shard import Shard
from consumer.spool import Spool
from consumer.topics import ensure_topics
from engine.command_message import command_record, parse_command
from engine.commands import Order
from engine.errors import Misconfigured
from engine.types import Batch, Correction, Origin
from exporters.jsonl import JsonLinesSink
from producer.publish import RecordSender, open_sender

BY_HAND = Origin("command line", 0, 0)
PATIENCE_S = 10.0
"""For a command on its way: somebody waits for it."""


def correction_of(order: Order, scope: str, command_id: str | None, author: str) -> Correction:
    """Make a command of an order; raises BadCommand where it breaks the rules of messages."""
    made = Correction(
        command_id=command_id or uuid4().hex,
        scope=scope,
        origin=BY_HAND,
        order=order,
        author=author,
        asked_at=time.time(),
    )
    record = command_record(made)
    return parse_command(record.key, record.value, BY_HAND)


def utf8(argument: str) -> str:
    """An argument as photos are named: bytes that are no UTF-8 are escaped."""
    return os.fsencode(argument).decode("utf-8", "backslashreplace")


@dataclass(frozen=True, slots=True)
class Desk:
    """The state of a folder, open for commands."""

    shard: Shard
    lines: JsonLinesSink

    def carry_out(self, correction: Correction) -> Batch:
        """Carry a command out; raises BadCommand, and then nothing has changed."""
        batch = self.shard.correct(correction)
        self.shard.commit(batch)
        self.lines.publish(batch)
        return batch


def correct_state(settings: Settings, correction: Correction) -> Batch:
    """Carry a command out on the state of a folder, which no worker may be using.

    Raises BadCommand, Misconfigured and StateMismatch; then nothing has changed.
    """
    with desk_at(settings, means_of(settings)) as desk:
        return desk.carry_out(correction)


@contextmanager
def desk_at(settings: Settings, means: Means) -> Iterator[Desk]:
    """Open the state of a folder for commands; raises Misconfigured and StateMismatch."""
    path = settings.state.directory / STATE_FILE
    if not path.exists():
        raise Misconfigured(
            f"there is no {path}: name the directory that `cairn run --state` names"
        )
    lines = lines_in(settings.state.directory)
    with closing(store_at(path, means)) as store:
        shard = shard_of(store, means, lambda: False)
        lines.catch_up(store.outcomes(), store.rejections())
        yield Desk(shard, lines)


def spool_correction(settings: Settings, correction: Correction) -> None:
    """Leave a command for the worker that is using the state; raises Misconfigured."""
    Spool(settings.state.directory).append(correction)


def send_correction(settings: Settings, correction: Correction) -> None:
    """Send a command to the workers and wait until it is there; Misconfigured, Transient."""
    with closing(open_commands(settings)) as commands:
        commands.send([command_record(correction)])


def open_commands(settings: Settings) -> RecordSender:
    """Connect to the topic of commands, which is there then; raises Misconfigured."""
    kafka = settings.kafka
    if kafka.create_topics:
        ensure_topics(broker_of(kafka), layout_of(kafka))
    target = publishing(kafka, "commands")
    return open_sender(replace(target, delivery_timeout_s=PATIENCE_S))
