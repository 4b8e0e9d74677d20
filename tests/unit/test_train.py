"""`cairn train` where PyTorch is absent, as it is wherever Cairn runs."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.commands import complaint


@pytest.mark.skipif(find_spec("torch") is not None, reason="PyTorch is installed here")
def test_training_without_pytorch_says_where_to_do_it(tmp_path: Path) -> None:
    """One line: what is missing, and the command that brings it."""
    said = complaint("train", "face-embedder", tmp_path, "-o", "ours")
    assert "training needs torch" in said
    assert "make export-env" in said
