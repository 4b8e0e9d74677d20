"""Python's cycle collector does not come back to what it found alive."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest

from cairn.collector import spare_survivors


class Thing:
    """Something that can be watched, and be part of a cycle."""

    other: Thing | None = None


@pytest.fixture(autouse=True)
def untouched() -> Iterator[None]:
    """The collector of the test run is as it was before."""
    before = list(gc.callbacks)
    yield
    gc.callbacks[:] = before
    gc.unfreeze()


def test_what_survives_is_out_of_sight_and_freed_all_the_same() -> None:
    """A full collection leaves nothing to visit again; the last reference still frees."""
    spare_survivors()
    thing = Thing()
    gc.collect()
    assert gc.get_freeze_count() > 0
    assert not any(one is thing for one in gc.get_objects())
    watched = weakref.ref(thing)
    del thing
    assert watched() is None


def test_cycles_that_came_since_are_collected() -> None:
    """What refers to itself and to nobody else goes with the next full collection."""
    spare_survivors()
    gc.collect()
    one, other = Thing(), Thing()
    one.other, other.other = other, one
    watched = weakref.ref(one)
    del one, other
    gc.collect()
    assert watched() is None
