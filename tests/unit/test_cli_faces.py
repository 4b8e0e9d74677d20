"""Faces as a user of the command line meets them: models, clusters, identifying somebody."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import orjson
import pytest

from engine.types import Rgb
from tests.album import write, write_labels
from tests.commands import cairn, complaint, rows
from tests.face_models import Seen, yunet
from tests.images import encoded
from tests.onnx_model import flatten_model

CARD = ("--set", "licence=none", "--set", "source=tests")
FACES = ("--profile", "face", "--encoder", "tiny")
LEFT, RIGHT = Seen(80, 160, 120), Seen(240, 160, 100)


def person(seed: int) -> Rgb:
    """160 x 320 pixels of patches, as good as a face to a detector that sees one everywhere."""
    patches = np.random.default_rng(seed).integers(0, 256, (8, 4, 3)).astype(np.uint8)
    return np.kron(patches, np.ones((40, 40, 1), np.uint8))


def together(left: Rgb, right: Rgb) -> bytes:
    return encoded(np.concatenate([left, right], axis=1))


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A tiny encoder, a detector that sees two faces everywhere, six photos of four people."""
    monkeypatch.chdir(tmp_path)
    Path("tiny.onnx").write_bytes(flatten_model(8))
    Path("yunet.onnx").write_bytes(yunet([LEFT, RIGHT]))
    Path("blind.onnx").write_bytes(yunet([]))
    cairn("models", "add", "tiny.onnx", *CARD)
    pairs = {f"{n}.png": (n % 2, 2 + n % 2) for n in range(6)}
    photos = {name: together(person(one), person(two)) for name, (one, two) in pairs.items()}
    return write(tmp_path / "p", photos).parent


def with_detector(name: str = "yunet") -> None:
    cairn(
        *("models", "add", f"{name}.onnx", "--name", "yunet", "--kind", "face-detector"),
        *("--set", "method=yunet", *CARD),
    )


def test_a_missing_detector_is_one_line_that_says_what_to_do() -> None:
    """Nothing is there before it was added; the line names model, folder and command."""
    said = complaint("cluster", "p", "-o", "r.json", *FACES)
    assert "there is no face-detector 'yunet' in models" in said
    assert "cairn models add FILE --kind face-detector" in said


def test_every_face_is_an_item_on_its_persons_pile() -> None:
    """Two items a photo, each with its box; both verified models are listed."""
    with_detector()
    assert "face-detector" in cairn("models", "verify").stdout
    cairn("cluster", "p", "-o", "r.json", *FACES, "--html", "sheet.html")
    found = rows(Path("r.json"))
    assert len(found) == 12
    boxes = {tuple(row["box"]) for row in found}
    assert boxes == {(20.0, 100.0, 140.0, 220.0), (190.0, 110.0, 290.0, 210.0)}
    piles: dict[int, set[str]] = {}
    for row in found:
        piles.setdefault(row["group"], set()).add(row["item"])
    assert set(map(frozenset, piles.values())) == {
        frozenset(f"{n}.png#{item}" for n in range(parity, 6, 2))
        for parity in range(2)
        for item in range(2)
    }
    assert Path("sheet.html").read_text().count("data:image/jpeg") == 12


def test_two_faces_of_one_photo_are_two_people() -> None:
    """Twins in a picture stay apart, however alike."""
    with_detector()
    twins = {f"{n}.png": together(person(5), person(5)) for n in range(3)}
    write(Path("twins"), twins)
    cairn("cluster", "twins", "-o", "r.json", *FACES)
    for name in twins:
        both = [row["cluster_id"] for row in rows(Path("r.json")) if row["filename"] == name]
        assert len(set(both)) == 2


def test_photos_without_a_face_have_no_items() -> None:
    """They are read and kept; nothing is refused, nothing is clustered."""
    with_detector("blind")
    said = cairn("cluster", "p", "-o", "r.json", *FACES).stderr
    assert rows(Path("r.json")) == []
    assert "no photo could be clustered" in said
    assert "refused" not in said


def test_a_label_is_of_the_largest_face() -> None:
    """Who stands beside the subject is not judged by the subject's name."""
    with_detector()
    write_labels(Path("l.csv"), {f"{n}.png": str(n % 2) for n in range(6)})
    cairn("cluster", "p", "-o", "r.json", *FACES)
    scores = orjson.loads(cairn("evaluate", "r.json", "l.csv", "--json").stdout)
    assert scores["photos"] == 6
    assert scores["bcubed"]["f1"] == 1


@pytest.mark.parametrize("method", ["cosine", "svm"])
def test_somebody_is_identified_in_a_folder(method: str) -> None:
    """The three photos of the target lead; JSON tells where exactly, a sheet shows them."""
    with_detector()
    said = cairn(
        *("identify", "p/1.png", "--images", "p", *FACES, "--by", method),
        *("--json", "--top", "4", "--html", "m.html"),
    ).stdout
    found = orjson.loads(said)
    assert [row["item"] for row in found[:3]] == ["1.png#0", "3.png#0", "5.png#0"]
    assert len({row["cluster_id"] for row in found[:3]}) == 1
    assert list(found[0]) == ["filename", "item", "box", "score", "cluster_id", "name"]
    assert found[2]["score"] > found[3]["score"]
    assert Path("m.html").read_text().count("data:image/jpeg") == 4


def test_somebody_is_identified_in_a_state_that_stays_as_it_is() -> None:
    """Names that people gave come along; the file is only read."""
    with_detector()
    cairn("run", "--source", "p", "--once", "--state", "st", *FACES)
    before = Path("st/state.sqlite").read_bytes()
    shown = cairn("identify", "p/1.png", "p/3.png", "--state", "st", *FACES).stdout
    assert "5.png" in shown
    assert Path("st/state.sqlite").read_bytes() == before


def test_what_cannot_be_identified_is_said() -> None:
    """No place to look, no such file, no image, no face, no state: each its own line."""
    with_detector()
    assert "give --state DIR or --images DIR" in complaint("identify", "p/1.png", *FACES)
    where = ("--images", "p", *FACES)
    assert "cannot read example x.png" in complaint("identify", "x.png", *where)
    Path("x.png").write_bytes(b"x")
    assert "example x.png is refused" in complaint("identify", "x.png", *where)
    assert "there is no st/" in complaint("identify", "p/1.png", "--state", "st", *FACES)
    html = ("--state", "st", "--html", "m.html", *FACES)
    assert "--html needs --images" in complaint("identify", "p/1.png", *html)
    Path("c.toml").write_text('[profiles.face]\ndetector = "blind.onnx"\n')
    assert "blind.onnx has no model card" in complaint(
        "identify", "p/1.png", *where, "--config", "c.toml"
    )
