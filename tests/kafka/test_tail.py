"""Following a real journal and its dead letters: whole, in order, and on from where one was."""

from __future__ import annotations

from contextlib import closing

import pytest

from consumer.connection import Broker
from consumer.journal import JOURNAL
from consumer.tail import (
    DEAD_LETTERS,
    DeadLetterFollower,
    JournalFollower,
    Tail,
    open_tail,
)
from engine.dead_letter import dead_letter_record
from engine.errors import Misconfigured, StateMismatch
from engine.types import Origin, Outcome, Rejection
from engine.wire import Record
from tests.builders import make_features, make_outcome, written
from tests.kafka import kit
from tests.unit.test_journal import journal_of

pytestmark = pytest.mark.kafka


def write(broker: Broker, prefix: str, partition: int, *names: str) -> list[Outcome]:
    outcomes = [make_outcome(name, scope=name, features=make_features()) for name in names]
    kit.send(broker, f"{prefix}.journal", [r for _, r in journal_of(outcomes)], partition)
    return outcomes


def journal_tail(broker: Broker, prefix: str, reached: dict[int, int]) -> Tail:
    return open_tail(broker, f"{prefix}.journal", JOURNAL, lambda _, one: reached.get(one))


def test_a_topic_that_was_made_anew_is_told_apart(broker: Broker, prefix: str) -> None:
    """It holds less than was read of it; a follower that waits for more would wait for ever."""
    write(broker, prefix, 1, "a")
    with pytest.raises(StateMismatch, match=r"partition 1 ends at \d+, and 51 records were"):
        journal_tail(broker, prefix, {1: 50})


def followed(follower: JournalFollower, count: int) -> list[tuple[Origin, Outcome]]:
    found: list[tuple[Origin, Outcome]] = []

    def enough() -> bool:
        found.extend(follower.poll(0.2))
        return len(found) >= count

    kit.until(enough)
    return found


def test_a_journal_is_followed_as_it_grows(broker: Broker, prefix: str) -> None:
    """Outcomes are whole, those of a partition in order; what comes later is seen later."""
    sent = write(broker, prefix, 0, "a", "b")
    with closing(journal_tail(broker, prefix, {})) as tail:
        follower = JournalFollower(tail)
        first = followed(follower, 2)
        sent += write(broker, prefix, 1, "c")
        later = followed(follower, 1)
    assert [written(o) for _, o in [*first, *later]] == [written(o) for o in sent]
    assert first[0][1].items[0].features is not None
    assert [origin.partition for origin, _ in [*first, *later]] == [0, 0, 1]


def test_a_follower_goes_on_where_it_was(broker: Broker, prefix: str) -> None:
    """Behind the place of the last outcome that it has."""
    write(broker, prefix, 0, "a", "b")
    with closing(journal_tail(broker, prefix, {})) as tail:
        (place, _), _ = followed(JournalFollower(tail), 2)
    with closing(journal_tail(broker, prefix, {0: place.offset})) as tail:
        ((_, outcome),) = followed(JournalFollower(tail), 1)
    assert outcome.scope == "b"


def test_dead_letters_are_followed(broker: Broker, prefix: str) -> None:
    """What others wrote there is passed over."""
    topic = f"{prefix}.dead-letters"
    rejection = Rejection("a", "s", Origin(f"{prefix}.images", 0, 3), "corrupt", "torn")
    kit.send(broker, topic, [Record(b"x", b"y"), dead_letter_record(rejection, None, 100)])
    with closing(open_tail(broker, topic, DEAD_LETTERS, lambda *_: None)) as tail:
        letters = DeadLetterFollower(tail)
        found: list[object] = []
        kit.until(lambda: bool(found.extend(letters.poll(0.2)) or found))
    ((place, letter),) = found
    assert (place.offset, letter.name, letter.reason) == (1, "a", "corrupt")


def test_what_is_not_there_cannot_be_followed(broker: Broker, prefix: str) -> None:
    """One line that says so."""
    with pytest.raises(Misconfigured, match=f"no topic {prefix}.nothing"):
        open_tail(broker, f"{prefix}.nothing", JOURNAL, lambda *_: None)
