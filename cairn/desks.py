"""Where a server hands corrections in: beside a folder's state, or into Kafka."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from threading import Lock

from cairn.correction import open_commands, spool_correction
from cairn.folder_run import STATE_FILE
from cairn.sections import Settings
from engine.command_message import command_record
from engine.errors import Misconfigured, Transient
from engine.types import Correction
from exporters.api.port import Desk
from producer.publish import RecordSender


@dataclass(frozen=True, slots=True)
class SpoolDesk:
    """The Desk port over a folder's state, whose worker carries commands out."""

    settings: Settings

    def send(self, correction: Correction) -> None:
        """Leave it beside the state."""
        spool_correction(self.settings, correction)


class KafkaDesk:
    """The Desk port over the topic of commands: connected at the first, and after a failure anew.

    connect: takes up to half a second, which nobody has to wait for again.
    """

    def __init__(self, connect: Callable[[], RecordSender]) -> None:
        self._connect = connect
        self._lock = Lock()
        self._commands: RecordSender | None = None
        self._has_worked = False

    def send(self, correction: Correction) -> None:
        """Send it, and wait until it is there."""
        commands = self._connected()
        try:
            commands.send([command_record(correction)])
        except Transient:
            self._drop(commands)
            raise

    def close(self) -> None:
        """Release the connection."""
        if self._commands is not None:
            self._drop(self._commands)

    def _connected(self) -> RecordSender:
        with self._lock:
            if self._commands is None:
                self._commands = self._anew()
                self._has_worked = True
            return self._commands

    def _anew(self) -> RecordSender:
        try:
            return self._connect()
        except Misconfigured as error:
            if not self._has_worked:
                raise
            raise Transient(str(error)) from error

    def _drop(self, commands: RecordSender) -> None:
        with self._lock:
            if self._commands is not commands:
                return  # somebody else had the same failure
            self._commands = None
        commands.close()


@contextmanager
def open_desk(settings: Settings, *, folder: bool, kafka: bool) -> Iterator[Desk | None]:
    """Take corrections for a folder's state or over Kafka; Misconfigured where that is none."""
    if kafka:
        with closing(KafkaDesk(partial(open_commands, settings))) as desk:
            yield desk
    elif folder:
        path = settings.state.directory / STATE_FILE
        if not path.exists():
            raise Misconfigured(
                f"there is no {path}: name the directory that `cairn run --state` names"
            )
        yield SpoolDesk(settings)
    else:
        yield None
