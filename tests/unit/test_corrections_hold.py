"""Any order of photos and commands leaves a consistent book, live, replayed and after a crash."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.book import Book
from engine.commands import ForgetImage, LinkItems, UndoCommand
from engine.errors import BadCommand
from engine.index.exact import ExactIndex
from engine.lineage import Carved, Created, Split
from engine.profile import Profile
from state.store import open_store
from tests.builders import DIM
from tests.fakes import MemoryStore
from tests.invariants import check, lasting, snapshot, view
from tests.shards import KINDS, LOOSE, SCOPE, SMALL, Desk, attempt, drawn

profiles = st.sampled_from([SMALL, LOOSE])
Step = tuple[str, int, int, int]
numbers = st.integers(0, 40)
photo_steps = st.tuples(st.just("photo"), st.integers(0, 4), numbers, numbers)
command_steps = st.tuples(st.sampled_from(KINDS), numbers, numbers, numbers)
other_steps = st.sampled_from([("commit", 0, 0, 0), ("restart", 0, 0, 0)])
scripts = st.lists(
    photo_steps | photo_steps | command_steps | command_steps | other_steps, max_size=40
)


def take(step: Step, desk: Desk) -> None:
    """One step; what cannot be done changes nothing."""
    kind, one, two, three = step
    if kind == "photo":
        desk.photo(one)
    elif kind == "commit":
        desk.commit()
    elif kind != "restart":
        attempt(desk, drawn(kind, one, two, three, desk))


def check_desk(desk: Desk) -> None:
    vectors = {name: item.vector for name, item in desk.items.items()}
    check(desk.scope, SCOPE, desk.shard.members, vectors)


@settings(max_examples=150, deadline=None)
@given(scripts, profiles)
def test_the_book_is_consistent_after_every_step(script: list[Step], profile: Profile) -> None:
    """Owners, index, sums, counts, redirects and constraints, whoever asked for what."""
    desk = Desk(profile=profile)
    for step in script:
        take(step, desk)
        check_desk(desk)


@settings(max_examples=80, deadline=None)
@given(scripts, profiles)
def test_replay_equals_live(script: list[Step], profile: Profile) -> None:
    """What a file gives back makes the same book bit for bit, whatever was forgotten."""
    with TemporaryDirectory() as directory:
        with closing(open_store(Path(directory, "s.db"), "test")) as store:
            desk = Desk(store, profile)
            for step in script:
                take(step, desk)
            desk.commit()
        with closing(open_store(Path(directory, "s.db"), "test")) as store:
            replayed = Book(lambda: ExactIndex(DIM))
            for outcome in store.outcomes():
                replayed.apply(outcome)
    assert snapshot(replayed.scope(SCOPE)) == snapshot(desk.scope)


@settings(max_examples=80, deadline=None)
@given(scripts, profiles)
def test_a_refused_command_changes_nothing(script: list[Step], profile: Profile) -> None:
    """The book and the members are as they were, bit for bit."""
    desk = Desk(profile=profile)
    for step in script:
        kind, one, two, three = step
        if kind not in KINDS:
            take(step, desk)
            continue
        before, seen = snapshot(desk.scope), view(desk.scope, SCOPE, desk.shard.members)
        if not attempt(desk, drawn(kind, one, two, three, desk)):
            assert snapshot(desk.scope) == before
            assert view(desk.scope, SCOPE, desk.shard.members) == seen


@settings(max_examples=80, deadline=None)
@given(scripts, profiles)
def test_ids_are_never_given_twice(script: list[Step], profile: Profile) -> None:
    """No cluster is born under an id that another had before it, living or not."""
    desk = Desk(profile=profile)
    for step in script:
        take(step, desk)
    born = [
        event.change.cluster_id
        for outcome in desk.outcomes
        for event in outcome.events
        if isinstance(event.change, Created | Split)
    ]
    assert len(set(born)) == len(born)


@settings(max_examples=150, deadline=None)
@given(scripts, profiles, command_steps)
def test_undo_restores_what_people_saw(script: list[Step], profile: Profile, step: Step) -> None:
    """At once, every command can be undone but to forget: who lies where, names, standing."""
    desk = Desk(profile=profile)
    for earlier in script:
        take(earlier, desk)
    order = drawn(*step, desk)
    before, inside = view(desk.scope, SCOPE, desk.shard.members), lasting(desk.scope)
    try:
        outcome = desk.order(order)
    except BadCommand:
        return
    if isinstance(order, ForgetImage):
        return
    desk.undo(outcome)
    check_desk(desk)
    assert view(desk.scope, SCOPE, desk.shard.members) == before
    if not any(isinstance(event.change, Carved) for event in outcome.events):
        assert lasting(desk.scope) == inside


@settings(max_examples=100, deadline=None)
@given(scripts, profiles)
def test_a_restart_between_any_two_commits_changes_nothing(
    script: list[Step], profile: Profile
) -> None:
    """A worker that begins anew from its store goes on as the one that never stopped."""
    calm, stormy = Desk(profile=profile), Desk(MemoryStore(), profile)
    for step in script:
        take(step, calm)
        take(step, stormy)
        if step[0] == "restart":
            stormy.commit()
            stormy.restart()
    assert [o.events for o in stormy.outcomes] == [o.events for o in calm.outcomes]
    assert snapshot(stormy.scope) == snapshot(calm.scope)


@settings(max_examples=150, deadline=None)
@given(scripts, profiles, st.booleans())
def test_links_are_kept_until_they_are_undone(
    script: list[Step], profile: Profile, together: bool
) -> None:
    """Whatever is learned or asked for later, but that one of the images is forgotten."""
    desk = Desk(profile=profile)
    one, other = desk.photos(0, 1)
    link = desk.order(LinkItems((one, other), together))
    ends = (UndoCommand("command-1"), ForgetImage("image-1"), ForgetImage("image-2"))
    for step in script:
        if step[0] not in KINDS or drawn(*step, desk) not in ends:
            take(step, desk)
        assert (desk.cluster_of(one) == desk.cluster_of(other)) == together
    desk.undo(link)


@settings(max_examples=100, deadline=None)
@given(scripts, profiles)
def test_evidence_never_overrides_people(script: list[Step], profile: Profile) -> None:
    """What they vouched for keeps its id and its members, and no name is lost to a photo."""
    desk = Desk(profile=profile)
    for step in script:
        before = view(desk.scope, SCOPE, desk.shard.members)
        take(step, desk)
        if step[0] == "photo":
            after = view(desk.scope, SCOPE, desk.shard.members)
            names = {standing.name for standing, _ in after.values()}
            for cluster_id, (standing, items) in before.items():
                assert not standing.name or standing.name in names
                assert not standing.pinned or set(items) <= set(after[cluster_id][1])
