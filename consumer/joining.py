"""Keeps a join of the group that ends between two polls, which the client would throw away.

kafka-python 3.0.12 waits for a join only while it is polled. One that ends between two polls is
forgotten, and the next poll has the whole group join again: members that poll briefly and
seldom, as those that restore their shards do, would keep each other joining for ever.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

_TASK: Final = "_join_task"


class _Unheard:
    """A join as the client awaits it: not over before its end was heard of."""

    is_done = False

    def __init__(self, task: Any) -> None:
        self._task = task

    def add_callback(self, callback: Callable[[Any], None]) -> None:
        self._task.add_callback(callback)

    def add_errback(self, callback: Callable[[Any], None]) -> None:
        self._task.add_errback(callback)


def keep_join(consumer: Any) -> None:
    """Call it after each poll; a client that has no such task is left as it is."""
    coordinator = getattr(consumer, "_coordinator", None)
    task = getattr(coordinator, _TASK, None)
    if task is not None and not isinstance(task, _Unheard):
        setattr(coordinator, _TASK, _Unheard(task))
