"""Which profile a run gets: built in, under the encoder's thresholds, under the operator's."""

from __future__ import annotations

from pathlib import Path

import pytest

from cairn.compose import profile_of
from cairn.models import BUILTIN, open_encoder
from engine.decide import RULES
from engine.errors import Misconfigured
from engine.profile import PROFILES
from engine.vision.card import Similarity

CARD = Similarity(same=0.6, different=0.3)


@pytest.mark.parametrize("name", sorted(PROFILES))
def test_a_built_in_profile_has_a_rule_and_the_encoders_thresholds(name: str) -> None:
    """Nothing else of it changes."""
    profile = profile_of(name, {}, CARD)
    assert profile.rule in RULES
    assert (profile.name, profile.same, profile.different) == (name, 0.6, 0.3)
    assert profile.min_size == PROFILES[name].min_size


def test_the_operator_has_the_last_word() -> None:
    """Over the profile and over the encoder."""
    profile = profile_of("object", {"object": {"min_size": 5, "same": 0.9}}, CARD)
    assert (profile.min_size, profile.same, profile.different) == (5, 0.9, 0.3)


def test_a_new_name_starts_from_place() -> None:
    """And is given only what differs."""
    profile = profile_of("trench", {"trench": {"gps_radius_m": 50}}, None)
    assert (profile.name, profile.rule, profile.gps_radius_m) == ("trench", "place", 50)
    assert profile.hit_inliers == PROFILES["place"].hit_inliers


def test_places_need_no_thresholds() -> None:
    """Geometry decides there, whatever the encoder."""
    assert profile_of("place", {}, None) == PROFILES["place"]


def test_the_builtin_encoder_brings_its_own(tmp_path: Path) -> None:
    """Its scale is known, and too narrow to be learned."""
    _, similarity = open_encoder(BUILTIN, tmp_path)
    assert similarity is not None
    assert profile_of("product", {}, similarity).same == similarity.same


def test_thresholds_that_nobody_gave_are_left_to_the_stream() -> None:
    """Any encoder serves any profile; one threshold without the other says nothing."""
    assert profile_of("object", {}, None).same is None
    with pytest.raises(Misconfigured, match="set both, same and different"):
        profile_of("object", {"object": {"same": 0.9}}, None)


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        ({"smae": 0.5}, r"profiles\.object\.smae: there is no such field"),
        ({"min_size": "many"}, r"profiles\.object\.min_size: "),
        ({"rule": "magic"}, r"profiles\.object\.rule: .*'place' or 'similarity'"),
        ({"same": 0.2}, r"profiles\.object: different must be below same"),
    ],
)
def test_what_is_wrong_is_named(overrides: dict[str, object], said: str) -> None:
    """By the setting that is at fault."""
    with pytest.raises(Misconfigured, match=said):
        profile_of("object", {"object": overrides}, CARD)


def test_an_unknown_profile_names_those_that_there_are() -> None:
    """The operator's own among them."""
    with pytest.raises(Misconfigured, match="known: face, mine, object, place, product"):
        profile_of("yours", {"mine": {}}, None)
