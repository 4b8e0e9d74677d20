"""A book made of what its store remembers: every outcome replayed, its indexes taken from a dump.

The state of a scope comes from its events alone. Only the graphs that search it, which take
most of the time, may be loaded instead; what they hold must be what the scope then has.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Final

from engine.book import Book, IndexFactory
from engine.errors import Stopped
from engine.neighbours import BadDump, Index, SavedIndexes
from engine.ports import Store
from engine.types import Outcome
from state.survey import NoIndex

REPLAYED_AT_ONCE: Final = 100
"""Outcomes replayed between two signs of life."""
_NOTHING: Final = SavedIndexes(0, {})

_log = logging.getLogger(__name__)


def replayed(store: Store, new_index: IndexFactory, stop: Callable[[], bool]) -> Book:
    """A book of all that is committed, its indexes as if no restart had been.

    stop: asked now and then; raises Stopped where it says so.
    """
    for saved in store.saved_indexes():
        try:
            return _replay(store, new_index, stop, saved)
        except BadDump as fault:
            _log.warning("a snapshot of %d outcomes is not used: %s", saved.outcomes, fault)
    return _replay(store, new_index, stop, _NOTHING)


def _replay(
    store: Store, new_index: IndexFactory, stop: Callable[[], bool], saved: SavedIndexes
) -> Book:
    """Replay without the saved indexes up to where they belong, and with them from there on."""
    indexes = dict(_loaded(saved, new_index))
    book = Book(new_index)
    outcomes = _watched(store.outcomes(), stop)
    for outcome in islice(outcomes, saved.outcomes):
        if outcome.scope in indexes:
            book.scope(outcome.scope).index = NoIndex()
        book.apply(outcome)
    _plug(book, indexes)
    for outcome in outcomes:
        book.apply(outcome)
    return book


def _loaded(saved: SavedIndexes, new_index: IndexFactory) -> Iterator[tuple[str, Index]]:
    """Indexes by scope; raises BadDump."""
    for scope, dump in saved.dumps.items():
        index = new_index()
        index.load(dump)
        yield scope, index


def _plug(book: Book, indexes: Mapping[str, Index]) -> None:
    """Give every scope the index that was loaded for it; raises BadDump where that is another's."""
    for name, index in indexes.items():
        scope = book.scope(name)
        if index.labels() != scope.owners.keys():
            raise BadDump(f"its index of scope {name!r} has other prototypes than the scope")
        scope.index = index


def _watched(outcomes: Iterable[Outcome], stop: Callable[[], bool]) -> Iterator[Outcome]:
    for number, outcome in enumerate(outcomes):
        if number % REPLAYED_AT_ONCE == 0 and stop():
            raise Stopped("told to stop while the state was being restored")
        yield outcome
