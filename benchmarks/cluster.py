"""Workers that share one topic of 12 partitions: images a second, processor time, latency.

    python -m benchmarks.cluster [--photos 6000] [--rounds 3] [--workers 1 2 4] [-o FILE]
    python -m benchmarks.cluster --memory 60000

Starts a real broker (tests/kafka/broker.py: Java, and once Maven). "Engine and commit only": what
the eyes make of a photo lies ready and is looked up by its id, and geometry answers at once and
is always right (benchmarks/crowd.py): neither seeing nor comparing two photos is in the figures.
All the rest is the product's: the group, parsing, the clusterer, journal, events and clusters in
one transaction a batch, the local store, the metrics. 24 scopes, two a partition; a tenth of the
photos shows something new. With `place` nearly every photo is an exemplar, whose features (144 kB)
are journalled and stored; `product` compares no features, but its clusterer weighs piles anew with
every photo, which alone takes most of the time.

Deliveries take turns, since other work on the machine slows all; what is asked of them compares
medians. "At least once" writes the same records without a transaction and the offsets after them,
as nothing in the product does. Each worker is kept on a core of its own where there are as many.
Time runs from the moment that all workers own their share and may begin to the last commit.
Processor time is that of the workers: the broker's is not in it, but on few cores it slows them.
Latency is that of photos that come at a steady rate, from sending to when a reader of committed
events is told the cluster. On two cores it all takes about five minutes.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.cluster_stream import make_stream
from benchmarks.cluster_team import PARTITIONS, Place, Round, play, visible_after
from benchmarks.cluster_worker import AT_LEAST_ONCE, TRANSACTIONS, merged
from benchmarks.report import description, machine, publish, table
from benchmarks.targets import Figure, at_least, at_most, targets_table
from engine.profile import PROFILES
from tests.kafka.broker import running_broker

PROFILES_RUN = ("place", "product")
RATE = 30.0
"""Photos a second where latency is measured."""
LATE = 600
LEAST_RATE, MOST_COST, LEAST_GAIN, MOST_CPU = 400.0, 0.15, 1.7, 1.15
MOST_JOURNAL = 4000.0


@contextmanager
def place_for(bootstrap: str, profile: str, count: int) -> Iterator[Place]:
    """A broker's address, and a folder with a stream."""
    with tempfile.TemporaryDirectory() as scratch:
        stream = Path(scratch) / "stream"
        stream.mkdir()
        make_stream(stream, count, PARTITIONS, places=PROFILES[profile].rule == "place")
        yield Place(bootstrap, Path(scratch), profile, stream)


def measure(place: Place, count: int, rounds: int, workers: Sequence[int]) -> list[Round]:
    """All rounds: deliveries in turn with one worker, then more workers."""
    kinds = [(1, delivery) for delivery in (TRANSACTIONS, AT_LEAST_ONCE)] * rounds
    kinds += [(number, TRANSACTIONS) for number in workers if number > 1]
    found = []
    for number, delivery in kinds:
        found.append(play(place, number, delivery, count))
        print(place.profile, *row(found[-1]), file=sys.stderr, flush=True)
    return found


def median(rounds: Sequence[Round], choose: Callable[[Round], float], **of: object) -> float:
    """Of the rounds whose fields are these."""
    chosen = [one for one in rounds if all(getattr(one, k) == v for k, v in of.items())]
    return statistics.median(map(choose, chosen))


def rate(one: Round) -> float:
    """Photos a second."""
    return one.rate


def cpu(one: Round) -> float:
    """Processor milliseconds a photo."""
    return one.cpu


HEADER = (
    *("delivery", "workers", "photos/s", "a worker", "ms of processors a photo"),
    *("photos a commit", "commit p50 ms", "p99 ms"),
)


def row(one: Round) -> list[str]:
    """One round."""
    p50, p99 = 1000 * np.quantile(one.commits(1), [0.5, 0.99])
    return [
        one.delivery,
        str(one.workers),
        f"{one.rate:.0f}",
        f"{one.rate / one.workers:.0f}",
        f"{one.cpu:.2f}",
        f"{np.mean(one.commits(2)):.0f}",
        f"{p50:.0f}",
        f"{p99:.0f}",
    ]


def figures(profile: str, rounds: Sequence[Round], cores: int) -> Iterator[Figure]:
    """What is asked."""
    alone = partial(median, rounds, workers=1)
    once = alone(rate, delivery=TRANSACTIONS)
    yield at_least(f"photos/s of one worker, {profile}", LEAST_RATE, once)
    cost = alone(rate, delivery=AT_LEAST_ONCE) / once - 1
    yield at_most(f"cost of transactions in time, {profile}", MOST_COST, cost)
    lone_cpu = alone(cpu, delivery=TRANSACTIONS)
    cost = lone_cpu / alone(cpu, delivery=AT_LEAST_ONCE) - 1
    yield at_most(f"cost of transactions in processor time, {profile}", MOST_COST, cost)
    more = sorted({one.workers for one in rounds} - {1})
    for number in more:
        gain = median(rounds, rate, workers=number) / once
        if number == 2 and cores > 2:
            yield at_least(f"photos/s of 2 workers by 1, {profile}", LEAST_GAIN, gain)
        growth = median(rounds, cpu, workers=number) / lone_cpu
        yield at_most(f"processor time of {number} workers by 1, {profile}", MOST_CPU, growth)
    written = journal_bytes(rounds[0])
    yield at_most(f"journal bytes a photo without exemplars, {profile}", MOST_JOURNAL, written)


def journal_bytes(one: Round) -> float:
    """Bytes a photo in the journal, local features left out."""
    parts = merged(one.tallies)
    plain = [size for kind, size in parts.items() if kind.startswith("journal")]
    return (sum(plain) - parts.get("journal features", 0)) / one.photos


def bytes_table(written: Mapping[str, Mapping[str, float]]) -> str:
    """Bytes a photo by kind of record, of every profile."""
    kinds = sorted({kind for parts in written.values() for kind in parts})
    rows = [[kind, *(f"{parts.get(kind, 0):.0f}" for parts in written.values())] for kind in kinds]
    return table(("record", *written), rows)


def report(bootstrap: str, count: int, rounds: int, workers: Sequence[int]) -> str:
    """Everything measured, as Markdown."""
    parts, asked, written, late = [], list[Figure](), {}, []
    for profile in PROFILES_RUN:
        with place_for(bootstrap, profile, max(count, LATE)) as place:
            found = measure(place, count, rounds, workers)
            seconds = visible_after(place, 1, LATE, RATE)
        parts.append(f"## Profile {profile}\n\n{table(HEADER, [row(one) for one in found])}")
        asked += figures(profile, found, len(os.sched_getaffinity(0)))
        written[profile] = {k: v / count for k, v in merged(found[0].tallies).items()}
        late.append([profile, *(f"{1000 * q:.0f}" for q in np.quantile(seconds, [0.5, 0.9, 0.99]))])
    latency = table(("told after, ms", "p50", "p90", "p99"), late)
    sections = (
        f"# Cluster\n\n{machine()}; {count} photos a round, {PARTITIONS} partitions.",
        *parts,
        f"At {RATE:g} photos a second:\n\n{latency}",
        f"Bytes a photo:\n\n{bytes_table(written)}",
        targets_table(asked),
    )
    return "\n\n".join(sections)


def memory(bootstrap: str, count: int) -> str:
    """Resident memory of one worker over a long round, as Markdown."""
    with place_for(bootstrap, "product", count) as place:
        one = play(place, 1, TRANSACTIONS, count)
    (tally,) = one.tallies
    rows = [(f"{photos:,}", f"{used / 1e6:.0f}") for photos, used in tally.resident]
    return table(("photos", "resident, MB"), rows)


def main() -> None:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(description=description(__doc__))
    parser.add_argument("--photos", type=int, default=6000, help="photos a round")
    parser.add_argument("--rounds", type=int, default=3, help="of each delivery")
    parser.add_argument("--workers", type=int, nargs="+", default=(1, 2, 4))
    parser.add_argument("--memory", type=int, metavar="N", help="memory over N photos instead")
    parser.add_argument("-o", "--output", type=Path, help="write the Markdown here as well")
    chosen = parser.parse_args()
    with running_broker() as bootstrap:
        if chosen.memory:
            text = memory(bootstrap, chosen.memory)
        else:
            text = report(bootstrap, chosen.photos, chosen.rounds, chosen.workers)
    publish(text, chosen.output)


if __name__ == "__main__":
    main()
