"""What is asked of the engine, and whether the figures measured reach it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.report import table

_PLACE_PHOTOS = "places+noise: its place photos"
LEAST_F: Mapping[str, Mapping[str, float]] = {
    "builtin": {
        "places_pano": 0.97,
        "places_multiview": 0.90,
        "places_gps": 0.95,
        "places+noise": 0.95,
        _PLACE_PHOTOS: 0.90,
        "synthetic_hard": 0.95,
    },
    "mobilenetv2": {
        "places_pano": 0.98,
        "places_multiview": 0.94,
        "places_gps": 0.96,
        "places+noise": 0.97,
        _PLACE_PHOTOS: 0.93,
        "products_grocery": 0.62,
        "objects_caltech101": 0.80,
        "faces_att": 0.97,
        "faces_lfw": 0.98,
        "faces_small": 0.93,
        "synthetic_hard": 0.95,
    },
}
"""B-cubed F, mean over all orders, by encoder and stream."""
LEAST_AGREEMENT = 0.97
MOST_GAP = 0.01
MOST_VERIFICATIONS = {"places+noise": 6.0}
LEAST_LEVEL = {"HDBSCAN": 8}
"""Development streams on which the engine is to be at or above a peer."""
NEVER_BELOW = ("leader",)


@dataclass(frozen=True, slots=True)
class Figure:
    """One thing asked, and what was measured."""

    what: str
    asked: str
    measured: str
    reached: bool


def at_least(what: str, asked: float, measured: float) -> Figure:
    """More is better."""
    return Figure(what, f"≥ {asked:.2f}", f"{measured:.3f}", measured >= asked)


def at_most(what: str, asked: float, measured: float) -> Figure:
    """Less is better."""
    return Figure(what, f"≤ {asked:g}", f"{measured:.3f}", measured <= asked)


def everywhere(what: str, asked: str, shortfalls: Mapping[str, float]) -> Figure:
    """Of every stream, by how much it falls short of what is asked: 0 or less does not."""
    short = {stream: by for stream, by in shortfalls.items() if by > 0}
    measured = f"{len(shortfalls) - len(short)} of {len(shortfalls)}"
    if short:
        worst = max(short, key=lambda stream: short[stream])
        measured += f"; {worst} short by {short[worst]:.3f}"
    return Figure(what, asked, measured, not short)


def f_figures(encoder: str, scores: Mapping[str, float]) -> Iterator[Figure]:
    """The B-cubed F asked of those streams that were run."""
    for stream, asked in LEAST_F[encoder].items():
        if stream in scores:
            yield at_least(f"B-cubed F, {stream}", asked, scores[stream])


def peer_figures(
    gains: Mapping[str, Mapping[str, float]], development: Sequence[str]
) -> Iterator[Figure]:
    """Gains over a peer by stream: by how much the engine's B-cubed F is greater."""
    for peer in NEVER_BELOW:
        shortfalls = {stream: -round(gain, 3) for stream, gain in gains[peer].items()}
        yield everywhere(f"at or above {peer}, tuned", "every stream", shortfalls)
    for peer, asked in LEAST_LEVEL.items():
        known = [gain for stream, gain in gains[peer].items() if stream in development]
        level = sum(round(gain, 3) >= 0 for gain in known)
        measured = f"{level} of {len(known)}"
        what = f"at or above {peer}, tuned"
        yield Figure(what, f"≥ {asked} development streams", measured, level >= asked)


def targets_table(figures: Sequence[Figure]) -> str:
    """All figures, asked, measured and whether they are reached."""
    rows = [
        [figure.what, figure.asked, figure.measured, "yes" if figure.reached else "**no**"]
        for figure in figures
    ]
    return table(("figure", "asked", "measured", "reached"), rows)
