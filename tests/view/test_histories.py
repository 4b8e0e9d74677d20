"""Whatever happens in the engine, a view says what is true, however it is told."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.profile import Profile
from exporters.view.database import Database
from exporters.view.opening import open_view
from tests.shards import KINDS, LOOSE, SCOPE, SMALL, Desk
from tests.view.kit import (
    IDENTITY,
    Feed,
    Step,
    everything,
    history,
    made,
    outcomes_with_times,
    seen,
    take,
    told,
    truth,
)

profiles = st.sampled_from([SMALL, LOOSE])
numbers = st.integers(0, 40)
photo_steps = st.tuples(st.just("photo"), st.integers(0, 4), numbers, numbers)
command_steps = st.tuples(st.sampled_from(KINDS), numbers, numbers, numbers)
steps = photo_steps | photo_steps | command_steps
scripts = st.lists(steps, max_size=40)


@settings(max_examples=40)
@given(scripts, profiles)
def test_a_view_is_right_after_every_step(script: list[Step], profile: Profile) -> None:
    """Clusters, their standing, members, exemplars and revisions are those of the book."""
    desk, known = Desk(profile=profile), 0
    with TemporaryDirectory() as folder, closing(_view(folder, "a")) as view:
        feed = Feed(view)
        for step in script:
            take(step, desk)
            feed.tell(*desk.outcomes[known:])
            known = len(desk.outcomes)
            assert seen(view) == truth(desk)


@settings(max_examples=40)
@given(scripts, profiles, st.lists(st.integers(1, 9), max_size=30))
def test_batches_and_repetitions_change_nothing(
    script: list[Step], profile: Profile, sizes: list[int]
) -> None:
    """One by one or in any batches, told twice or begun anew: it ends at the same view."""
    feed = told(outcomes_with_times(made(script, profile)))
    with (
        TemporaryDirectory() as folder,
        closing(_view(folder, "one")) as one,
        closing(_view(folder, "other")) as other,
    ):
        for single in feed:
            one.apply([single])
        start = 0
        for size in [*sizes, len(feed)]:
            overlap = max(0, start - size // 2)
            other.apply(feed[overlap : start + size])
            start += size
        assert everything(other) == everything(one)
        other.reset()
        other.apply(feed)
        assert everything(other) == everything(one)


@settings(max_examples=30)
@given(scripts, profiles)
def test_a_view_made_from_what_is_kept_is_right(script: list[Step], profile: Profile) -> None:
    """A store gives back less than was told live: of what was forgotten nothing but its ids."""
    desk = made(script, profile)
    desk.commit()
    with TemporaryDirectory() as folder, closing(_view(folder, "a")) as view:
        view.apply(told(list(desk.store.outcomes())))
        assert seen(view) == truth(desk)


@pytest.mark.parametrize("seed", [1, 2])
def test_both_databases_follow_a_long_history(address: str, seed: int) -> None:
    """What holds in SQLite holds in PostgreSQL."""
    desk = history(seed, LOOSE if seed % 2 else SMALL)
    with closing(open_view(address, IDENTITY)) as view:
        feed = told(desk.outcomes)
        for start in range(0, len(feed), 7):
            view.apply(feed[start : start + 7])
        assert seen(view) == truth(desk)
        for retired in desk.scope.redirects:
            row = view.cluster(SCOPE, retired)
            assert row is not None
            assert (row.state, row.heir) == ("retired", _end(retired, desk))


def _end(cluster_id: str, desk: Desk) -> str | None:
    while cluster_id in desk.scope.redirects:
        cluster_id = desk.scope.redirects[cluster_id]
    return cluster_id if cluster_id in desk.scope.clusters else None


def _view(folder: str, name: str) -> Database:
    return open_view(f"sqlite:///{Path(folder, name)}.sqlite", IDENTITY)
