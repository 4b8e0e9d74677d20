"""What the tests of `cairn state` share: readers of state, models with their cards."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from engine.jobs.placements import placements
from engine.lineage import Event
from engine.types import Outcome
from engine.vision.card import EncoderCard, draft_card, write_card
from state.survey import open_state


def with_card(path: Path, model: bytes) -> Path:
    """Write an encoder and a card beside it; its path."""
    path.write_bytes(model)
    fields = {"licence": "none", "source": "tests", "resize": "squash"}
    write_card(path.with_suffix(".toml"), draft_card(path, EncoderCard, fields))
    return path


def outcomes(directory: Path) -> list[Outcome]:
    with closing(open_state(directory / "state.sqlite")) as opened:
        return list(opened.store.outcomes())


def lineage(directory: Path) -> list[Event]:
    return [event for outcome in outcomes(directory) for event in outcome.events]


def clusters(directory: Path) -> dict[str, str]:
    return {p.name: p.cluster_id for p in placements(outcomes(directory))}


def bytes_of(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir()}
