"""Keeps a read model up to date: what a state or a journal tells is written to a database."""

from __future__ import annotations

from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path
from threading import Event

from cairn.charting import Charts
from cairn.crew import crew
from cairn.folder_run import STATE_FILE, VIEW_FILE
from cairn.following import open_feed, tell
from cairn.illustrating import illustrator_of
from cairn.kafka_run import broker_of
from cairn.originals import FolderOriginals, open_topic_originals
from cairn.sections import Settings
from cairn.state_feed import OUTCOMES, REJECTIONS, check_same, numbered, reached
from consumer.restore import journal_identity
from consumer.topics import topic_name
from engine.errors import Misconfigured
from exporters.view.database import Database
from exporters.view.layout import layout_named
from exporters.view.opening import open_view
from state.survey import open_state


def default_view_url(directory: Path) -> str:
    """Address of the view that a worker keeps beside its state."""
    return f"sqlite:///{directory / VIEW_FILE}"


def view_state(
    settings: Settings, url: str, stop: Event, *, images: Path | None, anew: bool
) -> int:
    """Tell a view all that a stopped worker's state holds; how much of it was new.

    images: the folder that the photos came from, for thumbnails. What `stop` leaves undone, the
    next call does.
    Raises Misconfigured where there is no state, StateInUse where a worker has it, StateMismatch
    where the view follows another state.
    """
    layout = layout_named(settings.serve.map)
    with ExitStack() as opened:
        state = opened.enter_context(closing(open_state(settings.state.directory / STATE_FILE)))
        opening = open_view(url, state.identity, anew=anew, layout=layout)
        view = opened.enter_context(closing(opening))
        check_same(view, state.store)
        told = 0
        for source, read in (
            (OUTCOMES, state.store.outcomes),
            (REJECTIONS, state.store.rejections),
        ):
            start = reached(view, source)
            told += tell(view, numbered(source, read(start), start), stop)
        _draw(view, stop)
        if images is not None:
            photos = FolderOriginals(images, settings.guards.max_bytes)
            illustrator_of(settings.guards, view, photos).catch_up(stop)
        return told


def _draw(view: Database, stop: Event) -> None:
    """Index, and draw every map: who was stopped before may not have come to it."""
    if stop.is_set():
        return
    view.index()
    for scope in view.scopes():
        if stop.is_set():
            return
        view.refresh(scope)


def view_kafka(settings: Settings, url: str, stop: Event, *, anew: bool, once: bool) -> int:
    """Follow journal and dead letters until told to stop; how much was new.

    once: end where nothing new comes. Raises Misconfigured, StateMismatch.
    """
    kafka, layout = settings.kafka, layout_named(settings.serve.map)
    journal = topic_name(kafka.topic_prefix, "journal")
    identity = journal_identity(broker_of(kafka), journal)
    if identity is None:
        raise Misconfigured(f"{journal} is empty: there is nothing to look at yet")
    with ExitStack() as opened:
        opening = open_view(url, identity, anew=anew, layout=layout)
        view = opened.enter_context(closing(opening))
        charts = Charts(view)
        feed = opened.enter_context(open_feed(kafka, view, charts))
        photos = opened.enter_context(open_topic_originals(settings, view, stop.is_set))
        illustrator = illustrator_of(settings.guards, view, photos)
        if once:
            told = feed.follow(stop, once=True)
            charts.draw(stop)
            illustrator.catch_up(stop)
            return told
        hire = opened.enter_context(crew(stop))
        hire(partial(charts.run, stop))
        hire(partial(illustrator.run, stop))
        return feed.follow(stop)
