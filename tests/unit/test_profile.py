"""Which profile a run gets: built in, under what the operator set."""

from __future__ import annotations

import pytest

from cairn.compose import profile_of
from engine.errors import Misconfigured
from engine.profile import PROFILES
from engine.rules import RULES


@pytest.mark.parametrize("name", sorted(PROFILES))
def test_a_built_in_profile_has_a_rule_and_learns_its_threshold(name: str) -> None:
    """Nobody has to set anything, whatever the encoder."""
    profile = profile_of(name, {})
    assert profile == PROFILES[name]
    assert profile.rule in RULES
    assert (profile.name, profile.threshold) == (name, None)


def test_the_operator_has_the_last_word() -> None:
    """Over the profile and over what the stream would say."""
    profile = profile_of("object", {"object": {"min_size": 5, "threshold": 0.9}})
    assert (profile.min_size, profile.threshold) == (5, 0.9)
    assert profile.free_prototypes == PROFILES["object"].free_prototypes


def test_a_new_name_starts_from_place() -> None:
    """And is given only what differs."""
    profile = profile_of("trench", {"trench": {"gps_radius_m": 50}})
    assert (profile.name, profile.rule, profile.gps_radius_m) == ("trench", "place", 50)
    assert profile.certain == PROFILES["place"].certain


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        ({"smae": 0.5}, r"profiles\.object\.smae: there is no such field"),
        ({"min_size": "many"}, r"profiles\.object\.min_size: "),
        ({"rule": "magic"}, r"profiles\.object\.rule: .*'place' or 'similarity'"),
        ({"threshold": "high"}, r"profiles\.object\.threshold: "),
        ({"same": 0.9}, r"profiles\.object\.same: there is no such field"),
    ],
)
def test_what_is_wrong_is_named(overrides: dict[str, object], said: str) -> None:
    """By the setting that is at fault."""
    with pytest.raises(Misconfigured, match=said):
        profile_of("object", {"object": overrides})


def test_an_unknown_profile_names_those_that_there_are() -> None:
    """The operator's own among them."""
    with pytest.raises(Misconfigured, match="known: face, mine, object, place, product"):
        profile_of("yours", {"mine": {}})
