"""Models of local features for tests: a tiny one of our own, and XFeat where it is at hand."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from engine.vision.card import draft_card, write_card
from engine.vision.xfeat import LocalFeaturesCard, XFeatExtractor, load_xfeat
from tests.onnx_model import brightest_model

XFEAT = Path(os.environ.get("CAIRN_SHARED", "../shared"), "models/xfeat/xfeat.onnx").absolute()
GIVEN = {"licence": "none", "source": "tests"}

needs_xfeat = pytest.mark.skipif(not XFEAT.exists(), reason="needs XFeat under CAIRN_SHARED")


def card_beside(model: Path, **fields: object) -> Path:
    """The card of a model of local features, drafted into the model's folder."""
    card = draft_card(model, LocalFeaturesCard, {**GIVEN, **fields})
    write_card(model.with_suffix(".toml"), card)
    return model.with_suffix(".toml")


def brightest(folder: Path, height: int = 48, width: int = 64, **fields: object) -> XFeatExtractor:
    """An extractor whose key points are the brightest pixels of the cells."""
    model = folder / "brightest.onnx"
    model.write_bytes(brightest_model(height, width))
    return load_xfeat(card_beside(model, **fields), threads=1)


def xfeat(folder: Path, **fields: object) -> XFeatExtractor:
    """XFeat itself."""
    model = folder / "xfeat.onnx"
    model.write_bytes(XFEAT.read_bytes())
    return load_xfeat(card_beside(model, **fields), threads=1)
