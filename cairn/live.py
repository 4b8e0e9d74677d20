"""The page beside a worker: a view of its own, what feeds it, and the server, all on threads."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import partial
from threading import Event
from typing import TypeVar

from rich.console import Console

from cairn.charting import Charts
from cairn.compose import Means
from cairn.crew import Hire, crew
from cairn.desks import open_desk
from cairn.folder_run import FolderJob
from cairn.following import open_feed
from cairn.illustrating import Illustrator, illustrator_of
from cairn.originals import FolderOriginals, open_topic_originals
from cairn.sections import Settings
from cairn.serving import address_of, answer, listening, options_of
from cairn.state_feed import feed_of
from cairn.tools import tools_with
from cairn.viewing import default_view_url
from engine.errors import Misconfigured, StateMismatch
from exporters.api.port import Tools
from exporters.view.database import Database
from exporters.view.layout import layout_named
from exporters.view.opening import open_view
from state.store import SqliteStore

T = TypeVar("T")
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Live:
    """Shows what a worker does for as long as it works, until `stop` is set.

    url: of the view; None for one beside the state, which is made anew where it does not fit.
    """

    settings: Settings
    url: str | None
    stop: Event

    @contextmanager
    def beside_folder(
        self, job: FolderJob, store: SqliteStore, means: Means
    ) -> Iterator[Callable[[], None]]:
        """What is yielded has to be called after commits, by who made them; it never waits.

        Raises Misconfigured, StateMismatch.
        """
        with ExitStack() as opened:
            view = opened.enter_context(closing(self._view(means.identity)))
            charts = Charts(view)
            feed = self._fitting(view, lambda: feed_of(store, view, charts))
            photos = FolderOriginals(job.directory, self.settings.guards.max_bytes)
            illustrator = illustrator_of(self.settings.guards, view, photos)
            desk = opened.enter_context(open_desk(self.settings, folder=True, kafka=False))
            tools = tools_with(means.eyes, self.settings, view, desk, photos)
            hire = self._serve(opened, view, tools)
            hire(partial(feed.write, self.stop))
            self._draw(hire, view, charts, illustrator)
            yield feed.hand_over

    @contextmanager
    def beside_kafka(self, means: Means) -> Iterator[None]:
        """Follow the topics, which have to be there; raises Misconfigured, StateMismatch."""
        with ExitStack() as opened:
            view = opened.enter_context(closing(self._view(means.identity)))
            charts = Charts(view)
            kafka = self.settings.kafka
            feed = self._fitting(view, lambda: opened.enter_context(open_feed(kafka, view, charts)))
            reading = open_topic_originals(self.settings, view, self.stop.is_set)
            photos = opened.enter_context(reading)
            illustrator = illustrator_of(self.settings.guards, view, photos)
            desk = opened.enter_context(open_desk(self.settings, folder=False, kafka=True))
            tools = tools_with(means.eyes, self.settings, view, desk, photos)
            hire = self._serve(opened, view, tools)
            hire(partial(feed.follow, self.stop))
            self._draw(hire, view, charts, illustrator)
            yield

    def _view(self, identity: str) -> Database:
        layout = layout_named(self.settings.serve.map)
        if self.url is not None:
            return open_view(self.url, identity, layout=layout)
        url = default_view_url(self.settings.state.directory)
        try:
            return open_view(url, identity, layout=layout)
        except StateMismatch as error:
            _log.warning("%s: it is made anew", error)
            return open_view(url, identity, anew=True, layout=layout)
        except Misconfigured as error:
            advice = "it holds nothing that is not elsewhere: delete it, and it is made anew"
            raise Misconfigured(f"{error}; {advice}") from error

    def _fitting(self, view: Database, begin: Callable[[], T]) -> T:
        """Begin to feed a view, which is emptied first where it followed something else."""
        try:
            return begin()
        except StateMismatch as error:
            if self.url is not None:
                raise
            _log.warning("%s: it is made anew", error)
            view.reset()
            return begin()

    def _serve(self, opened: ExitStack, view: Database, tools: Tools) -> Hire:
        """Answer on a thread of a crew, which ends before what was opened until now."""
        serve = self.settings.serve
        options = options_of(serve)
        listener = opened.enter_context(listening(serve.host, serve.port))
        hire = opened.enter_context(crew(self.stop))
        hire(partial(answer, view, tools, options, listener, self.stop))
        page = f"page: {address_of(listener)}"
        Console(stderr=True).print(page, markup=False, highlight=False, soft_wrap=True)
        return hire

    def _draw(self, hire: Hire, view: Database, charts: Charts, illustrator: Illustrator) -> None:
        charts.changed(view.scopes())  # whoever was killed may not have come to it
        hire(partial(charts.run, self.stop))
        hire(partial(illustrator.run, self.stop))
