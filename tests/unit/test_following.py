"""A view that follows topics to their end knows that it is the end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from threading import Event
from typing import Final

import pytest

from cairn.charting import Charts
from cairn.following import POLL_S, QUIET_S, Lags, TopicFeed
from engine.errors import Transient
from engine.types import Origin
from exporters.view.database import Database
from exporters.view.opening import open_view
from exporters.view.writing import Told
from tests.builders import make_outcome

LONG: Final = int(1.5 * QUIET_S / POLL_S)
"""Polls; as many as would pass for the end."""


@pytest.fixture
def view(tmp_path: Path) -> Iterator[Database]:
    with closing(open_view(f"sqlite:///{tmp_path}/view.db", "tests")) as made:
        yield made


class Topic:
    """One outcome in a topic of a broker that does not give it at first.

    silent: polls that bring nothing. fails: polls, and questions how much is left, that fail.
    """

    def __init__(self, *, silent: int = 0, fails: int = 0) -> None:
        self._silent = silent
        self._fails = fails
        self._left = 1

    def poll(self, _: float) -> Sequence[Told]:
        self._asked()
        if self._silent or not self._left:
            self._silent = max(0, self._silent - 1)
            return []
        self._left = 0
        return [(Origin("journal", 0, 0), make_outcome("a", scope="s"))]

    def behind(self) -> Mapping[int, int]:
        self._asked()
        return {0: self._left}

    def close(self) -> None: ...

    def _asked(self) -> None:
        if self._fails:
            self._fails -= 1
            raise Transient("the broker is away")


@pytest.mark.parametrize("topic", [Topic(), Topic(silent=LONG), Topic(fails=LONG)])
def test_all_there_is_is_told_once(view: Database, topic: Topic) -> None:
    """A broker that is away for a while is no end of what it has."""
    feed = TopicFeed([topic.poll], view, Charts(view), Lags({"journal": topic}, None))
    assert feed.follow(Event(), once=True) == 1
    assert view.scopes() == ["s"]
