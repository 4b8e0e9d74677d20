"""What a state was made with: read back as written, and what to do where it differs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from engine.vision.sift import SiftExtractor
from state.identity import Identity, parse, remedy

WORDS = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1)
PLACE = Identity("builtin-1", 509, "whole", "sift-1", "place")


@given(st.builds(Identity, WORDS, st.integers(1, 99999), WORDS, WORDS, st.text(min_size=1)))
def test_an_identity_is_read_back(identity: Identity) -> None:
    """Whatever a model, a method and an operator's profile are called."""
    assert parse(str(identity)) == identity


def test_other_text_is_no_identity() -> None:
    """State of other times is not guessed at."""
    assert parse("encoder builtin-1, profile place") is None


def test_another_encoder_can_be_helped() -> None:
    """The command is named, with the directory as a shell takes it."""
    way = remedy(str(PLACE), str(replace(PLACE, encoder="clip", dim=512)), Path("my state"))
    assert "`cairn state reembed 'my state' --images PHOTOS --encoder NAME`" in way


def test_another_profile_cannot() -> None:
    """Piles of places are no piles of faces, nor photos crops; nor is the unknown."""
    other, cropped = replace(PLACE, profile="face"), replace(PLACE, framing="crops")
    for made_with in (str(other), str(cropped), "something unknown"):
        way = remedy(made_with, str(PLACE), Path("state"))
        assert "reembed" not in way
        assert "start over" in way


def test_every_parameter_of_the_features_is_in_their_name() -> None:
    """Features found otherwise do not match those that are kept."""
    extractors = (
        SiftExtractor(),
        SiftExtractor(max_points=500),
        SiftExtractor(long_side=320),
        SiftExtractor(contrast=0.04),
    )
    names = {extractor.identity for extractor in extractors}
    assert len(names) == len(extractors)
    assert all(name.split() == [name] for name in names)
