"""The local features that benchmarks compare, each made ready with what the shared folder holds."""

from __future__ import annotations

from pathlib import Path

from benchmarks.features import SHARED, cache_folder
from cairn.local import Local, open_local
from cairn.models import add_to
from engine.vision.card import draft_card
from engine.vision.xfeat import LocalFeaturesCard

KINDS = ("sift", "xfeat")
LOCAL = (*KINDS, "sift+xfeat")


def local_for(name: str) -> Local:
    """What finds and compares local features; a model's card is drafted the first time."""
    registry = cache_folder() / "models"
    if "xfeat" in name and not (registry / "xfeat").exists():
        _add_xfeat(registry)
    return open_local(name, registry)


def _add_xfeat(registry: Path) -> None:
    model = SHARED / "models" / "xfeat" / "xfeat.onnx"
    add_to(registry, "xfeat", model, draft_card(model, LocalFeaturesCard, _XFEAT))


_XFEAT = {"licence": "Apache-2.0", "source": "verlab/accelerated_features, exported by others"}
