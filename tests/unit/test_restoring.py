"""Restoring state under watch: it gives signs of life, obeys, and is not ready meanwhile."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event

import numpy as np
import pytest
from numpy.typing import NDArray

from cairn.commands.run import _run_folder
from cairn.compose import Means, shard_of, store_at
from cairn.eyes import Eyes
from cairn.folder_run import FolderJob
from cairn.kafka_run import Recovering, _Turn
from cairn.observers import Gauges
from cairn.sections import Settings, State
from cairn.timing import TimedVerifier
from cairn.watch import REASONS, Watch
from consumer.group import GroupSource
from consumer.replay import REPLAYED_AT_ONCE
from engine.errors import Stopped
from engine.profile import PROFILES
from engine.types import Batch, Rgb
from engine.vision.framing import WholeImage
from exporters.health import Heartbeat
from exporters.metrics import Metrics, Registry
from tests.album import album, write
from tests.builders import DIM, make_outcome
from tests.commands import cairn
from tests.fakes import MemoryStore, SamePlaceVerifier
from tests.saving import knowledge, take


class NoEncoder:
    """Restoring embeds nothing."""

    identity = "none"
    dim = DIM

    def embed(self, images: Sequence[Rgb]) -> NDArray[np.float32]:
        raise AssertionError(f"{len(images)} images")


@pytest.fixture
def means() -> Means:
    verifier = TimedVerifier(SamePlaceVerifier(), lambda: 0.0)
    return Means(PROFILES["place"], Eyes(WholeImage(), NoEncoder(), None, verifier), verifier)


@pytest.fixture
def store() -> MemoryStore:
    """Remembers two and a half rounds of replaying."""
    store = MemoryStore()
    count = REPLAYED_AT_ONCE * 5 // 2
    store.commit(Batch(tuple(make_outcome(f"p{n}", scope=f"s{n}") for n in range(count))))
    return store


class Member:
    """Counts how often it is kept in its group."""

    def __init__(self, *, joined: bool = False) -> None:
        self.kept = 0
        self.joined = joined

    def keep_alive(self) -> None:
        self.kept += 1

    def lag(self) -> dict[tuple[str, int], int]:
        return {}


@dataclass
class Clock:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def watch(clock: Clock) -> Iterator[Watch]:
    return Watch(Event(), Metrics(Registry(), "test", REASONS), Heartbeat(30.0, clock))


def test_restoring_gives_a_sign_of_life_now_and_then(store: MemoryStore, means: Means) -> None:
    """Every hundred outcomes it asks whether to stop, and all are there in the end."""
    asked: list[None] = []
    shard = shard_of(store, means, lambda: bool(asked.append(None)))
    assert len(asked) == 3
    assert len(shard.book.scopes()) == REPLAYED_AT_ONCE * 5 // 2


def test_restoring_stops_when_told(store: MemoryStore, means: Means) -> None:
    """Nobody waits for a restore that nobody wants any more."""
    answers = itertools.chain([False], itertools.repeat(True))
    with pytest.raises(Stopped):
        shard_of(store, means, lambda: next(answers))


def test_a_worker_saves_its_indexes_and_starts_from_them(
    tmp_path: Path, means: Means, caplog: pytest.LogCaptureFixture
) -> None:
    """As often as the settings say; nothing is amiss with what it finds then."""
    caplog.set_level(logging.WARNING)
    often, path = replace(means, snapshot_every=20), tmp_path / "state.sqlite"
    with closing(store_at(path, often)) as store:
        before = shard_of(store, often, lambda: False)
        take(before, range(30))
        assert list(store.saved_indexes())
    with closing(store_at(path, often)) as store:
        assert knowledge(shard_of(store, often, lambda: False)) == knowledge(before)
    assert not caplog.records


def test_a_folder_run_told_to_stop_while_restoring_ends_well(tmp_path: Path, watch: Watch) -> None:
    """That is no error, and what it had is left as it was."""
    name, data = next(iter(album().items()))
    photos, state = write(tmp_path / "photos", {name: data}), tmp_path / "state"
    cairn("run", "--source", photos, "--once", "--state", state)
    before = (state / "events.jsonl").read_bytes()
    write(photos, {"other.jpg": data})
    watch.stop.set()
    settings = Settings(state=State(directory=state))
    _run_folder(settings, FolderJob(photos), watch)
    assert (state / "events.jsonl").read_bytes() == before
    assert not watch.check_ready()[0]


def test_a_recovering_worker_is_alive_a_member_and_not_ready(watch: Watch, clock: Clock) -> None:
    """All three told at every step; the order to stop is passed on."""
    member = Member()
    recovering = Recovering(watch, member)
    watch.ready()
    clock.now = 60.0
    assert not watch.heartbeat.check()[0]
    assert not recovering()
    assert watch.heartbeat.check()[0]
    assert not watch.check_ready()[0]
    assert member.kept == 1
    watch.stop.set()
    assert recovering()


@pytest.mark.parametrize("joined", [True, False])
def test_a_worker_is_ready_once_it_has_joined(watch: Watch, *, joined: bool) -> None:
    """With no partition to restore, too: a spare worker is as ready as it can be."""
    member = Member(joined=joined)
    gauges = Gauges(watch.metrics, list)
    turn = _Turn(watch, GroupSource(member, lambda _: None), member, gauges)
    assert not turn()
    assert watch.check_ready()[0] is joined
