"""The project keeps the rules of `architecture.py`, and the rules find what breaks them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.architecture import (
    BOUNDARIES,
    DOORS,
    RULES,
    WORLDLY,
    Module,
    Rule,
    arrows,
    budgets,
    cycles,
    doors,
    patched,
    purity,
    read,
    swallowed,
)

HOUSE = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def house() -> list[Module]:
    return read(HOUSE)


@pytest.mark.parametrize("rule", RULES)
def test_the_house_keeps_its_rules(rule: Rule, house: list[Module]) -> None:
    """Nothing in the project breaks a rule."""
    assert rule(house) == []


def test_the_rules_speak_of_files_that_exist() -> None:
    """An exception for a file that is gone is no rule any more."""
    named = {*BOUNDARIES, *WORLDLY, *(path for paths in DOORS.values() for path in paths)}
    assert [path for path in named if not list(HOUSE.glob(path))] == []


def test_everything_is_caught_in_three_places_at_most() -> None:
    """The list of exceptions to the rule stays short."""
    assert len(BOUNDARIES) <= 3


PLANTED = [
    (arrows, "engine/decide.py", "from state.store import Store"),
    (arrows, "engine/decide.py", "from engine.vision import sift"),
    (arrows, "engine/index/exact.py", "def f():\n    import engine.jobs.project"),
    (arrows, "state/store.py", "from consumer import loop"),
    (arrows, "producer/publish.py", "import exporters.events"),
    (arrows, "consumer/loop.py", "from cairn.settings import load"),
    (doors, "engine/vision/clip.py", "import onnxruntime as ort"),
    (doors, "consumer/loop.py", "from kafka.errors import KafkaError"),
    (doors, "consumer/loop.py", "import sqlite3"),
    (doors, "exporters/api.py", "from pydantic import BaseModel"),
    (doors, "cairn/models.py", "import river.base"),
    (purity, "engine/decide.py", "import time"),
    (purity, "engine/book.py", "from os import environ"),
    (purity, "engine/book.py", "from pathlib import Path"),
    (purity, "engine/book.py", "import requests"),
    (purity, "engine/vision/sift.py", "import urllib.request"),
    (purity, "engine/cluster.py", "from datetime import datetime\ndatetime.now()"),
    (purity, "engine/cluster.py", "import numpy as np\nnp.random.default_rng()"),
    (purity, "engine/cluster.py", "open('x')"),
    (cycles, "engine/types.py", "from engine.types_user import y"),
    (budgets, "engine/book.py", "\n" * 301),
    (budgets, "engine/book.py", "def f():\n" + "    pass\n" * 50),
    (patched, "tests/test_x.py", "from unittest.mock import patch"),
    (patched, "tests/test_x.py", "def test(monkeypatch): monkeypatch.setattr(int, 'x', 1)"),
    (swallowed, "state/store.py", "try:\n    f()\nexcept Exception:\n    pass"),
    (swallowed, "state/store.py", "try:\n    f()\nexcept (OSError, BaseException) as e:\n    g(e)"),
    (swallowed, "state/store.py", "try:\n    f()\nexcept:\n    pass"),
]

CLEAN = {
    "engine/types.py": "import hashlib\nfrom datetime import UTC\nimport numpy as np",
    "engine/types_user.py": "from engine import types\nfrom .types import x",
    "engine/vision/session.py": "from pathlib import Path\nimport onnxruntime",
    "consumer/kafka.py": "import time\nimport kafka\nfrom engine.types_user import y",
    "state/tidy.py": "import sqlite3\ntry:\n    f()\nexcept Exception:\n    g()\n    raise",
    "cairn/cli.py": "import typer\nfrom consumer import kafka",
    "tests/test_clean.py": "import kafka\ndef test(monkeypatch): monkeypatch.setenv('A', 'b')",
}


def build(root: Path, files: dict[str, str]) -> list[Module]:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return read(root)


def test_a_clean_house_is_not_blamed(tmp_path: Path) -> None:
    """What is allowed stays allowed."""
    modules = build(tmp_path, CLEAN)
    assert [fault for rule in RULES for fault in rule(modules)] == []


@pytest.mark.parametrize(("rule", "path", "text"), PLANTED)
def test_a_planted_fault_is_found(tmp_path: Path, rule: Rule, path: str, text: str) -> None:
    """Each rule names the file where something was planted in an otherwise clean house."""
    faults = rule(build(tmp_path, {**CLEAN, path: text}))
    assert len(faults) == 1
    assert path.removesuffix(".py") in faults[0].replace(".", "/")
