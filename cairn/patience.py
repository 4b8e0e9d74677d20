"""Waiting for the world: what fails for now is tried again until it works or nobody waits."""

from __future__ import annotations

import logging
from collections.abc import Callable
from threading import Event
from typing import Final, TypeVar

from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    sleep_using_event,
    stop_when_event_set,
    wait_exponential,
)

from engine.errors import Transient

T = TypeVar("T")
LONGEST_WAIT_S: Final = 10.0

_log = logging.getLogger(__name__)


def patiently(work: Callable[[], T], stop: Event) -> T | None:
    """Do something, however often it is Transient; None where `stop` was set before it worked."""
    attempts = Retrying(
        retry=retry_if_exception_type(Transient),
        wait=wait_exponential(max=LONGEST_WAIT_S),
        sleep=sleep_using_event(stop),
        stop=stop_when_event_set(stop),
        before_sleep=_tell,
        reraise=True,
    )
    try:
        return attempts(work)
    except Transient:
        return None


def hopefully(work: Callable[[], object]) -> None:
    """Do once what is as well done another time; where it is Transient, the log says so."""
    try:
        work()
    except Transient as error:
        _log.warning("%s; another time", error)


def _tell(state: RetryCallState) -> None:
    if state.outcome is not None:
        _log.warning("%s; trying again", state.outcome.exception())
