"""Which local features a profile's `features` mean."""

from __future__ import annotations

from pathlib import Path

import pytest

from cairn.eyes import open_eyes
from cairn.local import open_local
from cairn.models import add_to
from engine.errors import Misconfigured
from engine.profile import PROFILES
from engine.vision.card import draft_card
from engine.vision.sift import SiftExtractor
from engine.vision.xfeat import LocalFeaturesCard
from tests.local_models import GIVEN
from tests.onnx_model import brightest_model

SIFT = SiftExtractor().identity


def registry_of(folder: Path, *names: str) -> Path:
    """A registry with models of local features by these names."""
    model = folder / "lamps.onnx"
    model.write_bytes(brightest_model(48, 64))
    card = draft_card(model, LocalFeaturesCard, GIVEN)
    for name in names:
        add_to(folder / "models", name, model, card)
    return folder / "models"


def test_sift_needs_no_model(tmp_path: Path) -> None:
    """It is what everybody starts with."""
    choice = PROFILES["place"].features
    assert open_local(choice, tmp_path / "models").extractor.identity == SIFT


def test_a_model_by_its_name(tmp_path: Path) -> None:
    """Alone or beside SIFT; the state's identity tells which."""
    registry = registry_of(tmp_path, "lamps")
    alone = open_local("lamps", registry).extractor.identity
    assert alone.startswith("xfeat-1-lamps-")
    assert open_local("sift+lamps", registry).extractor.identity == f"{SIFT}+{alone}"


@pytest.mark.parametrize(
    ("choice", "said"),
    [
        ("surf", "there is no local-features 'surf'.*known: lamps, lights"),
        ("sift+lamps+lights", "more than two kinds"),
    ],
)
def test_what_cannot_be_is_said(tmp_path: Path, choice: str, said: str) -> None:
    """With what there is to choose from."""
    with pytest.raises(Misconfigured, match=said):
        open_local(choice, registry_of(tmp_path, "lamps", "lights"))


def test_profiles_that_verify_nothing_open_nothing(tmp_path: Path) -> None:
    """Whatever their features say."""
    assert open_eyes("builtin", PROFILES["object"], tmp_path / "models").extractor is None
