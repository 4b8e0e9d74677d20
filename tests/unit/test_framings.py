"""What a profile asks for becomes a framing, or one line that says what is missing."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from cairn.compose import profile_of
from cairn.framings import framing_of
from cairn.models import CARD
from engine.errors import Misconfigured
from engine.profile import PROFILES
from tests.detectors import written, yolo_head
from tests.images import gradient


@pytest.fixture
def registry(tmp_path: Path) -> Path:
    """A registry with a detector of cats and dogs that finds a dog in every image."""
    folder = tmp_path / "pets"
    folder.mkdir()
    written(folder, {"head": yolo_head((32, 32, 32, 32, 0.3, 0.9))}).rename(folder / CARD)
    return tmp_path


def framing(registry: Path, **fields: object) -> str:
    """The identity of what a profile like `object` with these fields looks with."""
    return framing_of(profile_of("object", {"object": fields}), registry).identity


def test_built_in_profiles_need_no_model() -> None:
    """And their items are what they were before there were detectors."""
    for name in PROFILES.keys() - {"face"}:
        assert framing_of(PROFILES[name], Path("nowhere")).identity == "whole"


@pytest.mark.parametrize(
    ("fields", "starts"),
    [
        ({"detector": "pets", "items": "crops"}, "crops-1-"),
        ({"detector": "pets", "items": "main", "classes": ["dog"]}, "main-1-"),
        ({"detector": "pets", "items": "main", "classes": "dog, cat"}, "main-1-"),
        ({"detector": "pets", "mask": "blur"}, "masked-1-blur-"),
        ({"detector": "pets", "mask": "mean", "classes": ["cat"]}, "masked-1-mean-"),
        ({"background": "remove"}, "whole+grabcut-1"),
        ({"upscaler": "lanczos"}, "whole+lanczos-3-128"),
        ({"background": "remove", "upscaler": "lanczos"}, "whole+grabcut-1+lanczos-3-128"),
    ],
)
def test_a_profile_chooses_its_framing(
    registry: Path, fields: dict[str, object], starts: str
) -> None:
    """By detector, items, classes, mask, background and upscaler."""
    assert framing(registry, **fields).startswith(starts)


def test_a_chosen_detector_finds_the_items(registry: Path) -> None:
    """From the fields of a profile to views with class, score and box."""
    fields: Mapping[str, object] = {"detector": "pets", "items": "crops", "classes": ["dog"]}
    (view,) = framing_of(profile_of("object", {"object": fields}), registry)(gradient(64, 64))
    assert (view.label, round(view.score, 2)) == ("dog", 0.9)
    assert np.isclose([view.box.left, view.box.bottom], [16, 48]).all()


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"items": "crops"}, r"items = 'crops' needs a detector: .*cairn models add.*--kind"),
        ({"mask": "mean"}, r"mask = 'mean' needs a detector: .*profiles.object.detector"),
        ({"items": "main", "detector": "pest"}, "no detector 'pest' in .*; known: pets; cairn mod"),
        ({"items": "main", "detector": "pets", "classes": ["cow"]}, "object: .*no 'cow'.*cat, dog"),
        ({"items": "main", "detector": "pets", "mask": "mean"}, "goes with items = 'whole' alone"),
        ({"detector": "pets"}, "detector is set, but nothing uses it"),
        ({"classes": ["dog"]}, "classes is set, but nothing uses it"),
        ({"upscaler": "imdn"}, "no upscaler 'imdn' in .*; known: lanczos; cairn models add"),
        ({"items": "heads"}, r"profiles.object.items: Input should be"),
        ({"mask": "grey"}, r"profiles.object.mask: Input should be"),
    ],
)
def test_what_is_missing_or_contradicts_itself_is_one_line(
    registry: Path, fields: dict[str, object], says: str
) -> None:
    """With the profile, the field, and what to run."""
    with pytest.raises(Misconfigured, match=says):
        framing(registry, **fields)
