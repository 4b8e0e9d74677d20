"""`cairn label`: clusters of a state get names from a list of words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.album import write
from tests.commands import cairn, complaint, rows
from tests.images import encoded
from tests.words import COLOURS, image_tower, plain, text_tower

SETTINGS = "[profiles.object]\nthreshold = 0.9\n"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state of red, green and blue photos, in a space in which their names lie too."""
    monkeypatch.chdir(tmp_path)
    Path("cairn.toml").write_text(SETTINGS)
    write(
        tmp_path / "p",
        {
            f"{colour}-{side}.png": encoded(plain(colour, side))
            for colour in COLOURS
            for side in (40, 48, 56)
        },
    )
    add("pixels", image_tower(tmp_path / "i"))
    add("words", text_tower(tmp_path / "t"), "--kind", "text-encoder")
    common = ("--profile", "object", "--encoder", "pixels", "--config", "cairn.toml")
    cairn("run", "--source", "p", "--once", "--state", "s", *common)
    Path("words.txt").write_text("red\n\n green\nblue\nred\n")
    return tmp_path


def add(name: str, card: Path, *options: str) -> None:
    (model,) = card.parent.glob("*.onnx")
    cairn("models", "add", model, "--card", card, "--name", name, *options)


COMMON = ("--state", "s", "--profile", "object", "--config", "cairn.toml")
LABEL = ("label", *COMMON, "--words", "words.txt", "--text", "words")


def label(*options: str) -> list[dict[str, Any]]:
    done = cairn(*LABEL, "--encoder", "pixels", "--json", *options)
    found: list[dict[str, Any]] = orjson.loads(done.stdout)
    return found


def given_names() -> dict[str, str]:
    """What each photo's cluster is called."""
    cairn("result", *COMMON, "--encoder", "pixels", "-o", "r.json")
    return {row["filename"]: row["name"] for row in rows(Path("r.json"))}


def test_proposals_change_nothing() -> None:
    """Each cluster with its likeliest word; no photo's cluster has a name yet."""
    found = label()
    assert sorted(one["name"] for one in found) == ["blue", "green", "red"]
    assert all(one["probability"] > 0.9 and one["count"] == 3 for one in found)
    assert not any(given_names().values())
    table = cairn(*LABEL, "--encoder", "pixels").stdout
    assert all(colour in table for colour in COLOURS)


def test_names_are_given_on_demand_but_never_over_a_persons() -> None:
    """As commands in the journal, each to be undone."""
    one, *_ = label()
    correct = ("correct", *COMMON, "--encoder", "pixels")
    cairn(*correct, "name", one["cluster_id"], "mine")
    assert "named 2 clusters" in cairn(*LABEL, "--encoder", "pixels", "--apply").stderr
    named = given_names()
    assert sorted(set(named.values())) == sorted({"mine", *COLOURS} - {one["name"]})
    assert all(name in {"mine", photo.split("-")[0]} for photo, name in named.items())
    assert label() == []


def test_what_is_not_likely_enough_is_not_proposed() -> None:
    """Nothing is certain."""
    assert label("--least", "1") == []


def test_the_two_encoders_must_share_a_space(tmp_path: Path) -> None:
    """The built-in one shares none, nor does a centred one, nor one of another space."""
    assert "shares no space with any text" in complaint(*LABEL, "--encoder", "builtin")
    add("other", text_tower(tmp_path / "o", space="elsewhere"), "--kind", "text-encoder")
    spaces = complaint(*LABEL, "--encoder", "pixels", "--text", "other")
    assert "'elsewhere' (48 numbers)" in spaces
    given = ("--set", "licence=none", "--set", "source=tests", "--set", "space=pixels")
    model = tmp_path / "i" / "plain.onnx"
    cairn("models", "add", model, *given, "--name", "centred", "--center-on", "p")
    assert "subtracts a center" in complaint(*LABEL, "--encoder", "centred")


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        (("--words", "absent.txt"), "cannot read absent.txt"),
        (("--words", "one.txt"), "holds 1 names"),
        (("--words", "p/red-40.png"), "no text in UTF-8"),
        (("--template", "a photo"), "where the name goes"),
        (("--text", "nothing"), "there is no text-encoder 'nothing'"),
        (("--text", "pixels"), "card"),
        (("--state", "absent"), "there is no absent"),
    ],
)
def test_what_cannot_be_is_said(options: tuple[str, str], fault: str) -> None:
    """In one line, before anything is named."""
    Path("one.txt").write_text("red\n")
    assert fault in complaint(*LABEL, "--encoder", "pixels", *options)
