"""What a run of chaos came to, as a table for people."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from statistics import median

from tests.chaos.rig import Grave


def say(text: str) -> None:
    """A line on the screen, at once; pytest keeps it for a failure unless told otherwise."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def kills(graves: Iterable[Grave]) -> str:
    """Deaths by place, and how long until all partitions of the dead went on."""
    by_place: dict[str, list[float]] = {}
    for grave in graves:
        times = by_place.setdefault(grave.where, [])
        if grave.recovered_s is not None:
            times.append(grave.recovered_s)
    lines = [f"{'killed':<16}{'times':>7}{'recovered: median':>20}{'worst':>8}"]
    everything = [time for times in by_place.values() for time in times]
    for place, times in [*sorted(by_place.items()), ("all", everything)]:
        figures = f"{median(times):>18.1f} s{max(times):>6.1f} s" if times else ""
        lines.append(f"{place:<16}{len(times):>7}{figures}")
    return "\n".join(lines)
