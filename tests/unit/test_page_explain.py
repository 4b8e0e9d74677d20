"""What the page says is needed is what the engine needs."""

from __future__ import annotations

import re
from pathlib import Path

import exporters.page
from engine.evidence import PRIOR, Worth
from engine.rapport import CIRCUMSTANCES

SCRIPT = Path(exporters.page.__file__).parent / "static" / "js" / "photo" / "explain.js"


def test_numbers_of_the_engine() -> None:
    """Constants that the explain panel repeats do not drift from those of the engine."""
    found = re.findall(r"^const (\w+) = ([\d.]+);", SCRIPT.read_text(), re.MULTILINE)
    said = {name: float(value) for name, value in found}
    most = Worth(0, 0, 0, 0).most
    assert said == {"NEEDED": -PRIOR, "CIRCUMSTANCES": CIRCUMSTANCES, "MOST": most}
