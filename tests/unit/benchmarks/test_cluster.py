"""The cluster benchmark without its broker: what is looked up, and what its rounds add up to."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.cluster import figures, journal_bytes
from benchmarks.cluster_stream import DIM, POINTS, load_stream, make_stream, photos
from benchmarks.cluster_team import Round
from benchmarks.cluster_worker import AT_LEAST_ONCE, TRANSACTIONS, Tally


@pytest.mark.parametrize("places", [True, False])
def test_a_photo_is_found_by_its_id(tmp_path: Path, places: bool) -> None:
    """With a vector, and with features of the usual size where geometry decides."""
    make_stream(tmp_path, 60, partitions=3, places=places)
    stream = load_stream(tmp_path, places=places)
    seen = [(partition, stream.prepared(photo)) for partition, photo in photos(60, 3)]
    assert len({prepared.image.content_hash for _, prepared in seen}) == 60
    assert {(n, p.image.scope[:7]) for n, p in seen} == {(n, f"site-0{n}") for n in range(3)}
    for _, prepared in seen:
        (item,) = prepared.items
        assert item.vector.shape == (DIM,)
        assert (item.features is not None) == places
        assert item.features is None or len(item.features.points) == POINTS


def tally(photos: int, ended: float, cpu: float) -> Tally:
    written = {"journal item": 2000 * photos, "journal features": 10**6, "events": 5}
    return Tally([(ended, 0.1, photos)], began=1.0, ended=ended, cpu=cpu, written=written)


def test_a_round_is_as_long_as_its_slowest_worker() -> None:
    """Photos of all by the time of the last commit; processor time of all by photos."""
    one = Round(2, TRANSACTIONS, 1000, (tally(400, 2.0, 0.5), tally(600, 3.0, 1.5)))
    assert (one.seconds, one.rate, one.cpu) == (2.0, 500.0, 2.0)
    assert one.commits(2) == [400, 600]
    assert journal_bytes(one) == 2000


def test_what_is_asked_is_answered() -> None:
    """Transactions against none, two workers against one, the journal against its limit."""
    rounds = [
        Round(1, TRANSACTIONS, 1000, (tally(1000, 3.0, 1.5),)),
        Round(1, AT_LEAST_ONCE, 1000, (tally(1000, 2.6, 1.5),)),
        Round(2, TRANSACTIONS, 1000, (tally(500, 2.0, 0.8), tally(500, 2.0, 0.8))),
    ]
    answers = {one.what.partition(",")[0]: one.reached for one in figures("place", rounds, 4)}
    assert answers == {
        "photos/s of one worker": True,
        "cost of transactions in time": False,
        "cost of transactions in processor time": True,
        "photos/s of 2 workers by 1": True,
        "processor time of 2 workers by 1": True,
        "journal bytes a photo without exemplars": True,
    }
