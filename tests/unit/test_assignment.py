"""Which member of a group gets which partitions."""

from __future__ import annotations

from types import SimpleNamespace

from hypothesis import given
from hypothesis import strategies as st

from consumer.assignment import RangeAssignor

TOPICS = ("images", "commands")
PARTITIONS = 12


def member(number: int, *, static: bool) -> SimpleNamespace:
    return SimpleNamespace(
        member_id=f"m{number}",
        group_instance_id=f"s{number}" if static else None,
        metadata=SimpleNamespace(topics=TOPICS),
    )


@given(st.lists(st.booleans(), min_size=1, max_size=PARTITIONS))
def test_everybody_gets_a_share_of_what_belongs_together(static: list[bool]) -> None:
    """Named and nameless members in any order: shares differ by one at most, and each partition
    of the photos goes where that of the commands goes."""
    members = [member(number, static=one) for number, one in enumerate(static)]
    cluster = SimpleNamespace(partitions_for_topic=lambda _: set(range(PARTITIONS)))
    assigned = RangeAssignor.assign(cluster, members)
    shares = []
    for one in members:
        owned = {
            topic: list(numbers) for topic, numbers in assigned[one.member_id].assigned_partitions
        }
        assert owned["images"] == owned["commands"]
        shares.append(owned["images"])
    assert sorted(p for share in shares for p in share) == list(range(PARTITIONS))
    assert max(map(len, shares)) - min(map(len, shares)) <= 1
