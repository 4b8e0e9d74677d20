"""`cairn models`: adding, listing and checking encoders, and using them by name or file."""

from __future__ import annotations

import json
import os
import shutil
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.album import album, write
from tests.commands import cairn, complaint, piles
from tests.detectors import yolo_head
from tests.images import encoded, gradient
from tests.onnx_model import constant_model, flatten_model, nan_model, with_notes

CARD = ("--set", "licence=none", "--set", "source=tests", "--set", "resize=squash")
MOBILENET = Path(os.environ.get("CAIRN_SHARED", "../shared"), "models/mobilenetv2").absolute()


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with a tiny model and two photos, one of them twice."""
    monkeypatch.chdir(tmp_path)
    Path("tiny.onnx").write_bytes(flatten_model(4))
    door, wall = encoded(gradient(40, 40)), encoded(gradient(40, 40)[::-1].copy())
    write(tmp_path / "p", {"1.png": door, "2.png": wall, "3.png": door, "notes.txt": b"x"})
    return tmp_path


def left_in(registry: str) -> list[str]:
    return sorted(path.name for path in Path(registry).iterdir())


def test_a_model_is_added_listed_verified_and_used() -> None:
    """From an ONNX file to a result, centered on the photos at hand."""
    said = cairn("models", "add", "tiny.onnx", *CARD, "--center-on", "p").stdout
    assert said == "added tiny: cairn cluster DIR --encoder tiny\n"
    for command in ("list", "verify"):
        assert "tiny" in (shown := cairn("models", command).stdout)
        assert "ok" in shown
    assert left_in("models/tiny") == ["card.toml", "center.f32", "tiny.onnx"]
    shown = cairn("cluster", "p", "-o", "r.json", "--encoder", "tiny", "--profile", "object").stderr
    assert "encoder tiny-" in shown
    assert piles(Path("r.json")) == {frozenset({"1.png", "3.png"})}


def test_the_builtin_encoder_is_always_there() -> None:
    """Before anything was added, without a registry."""
    assert "builtin" in cairn("models", "list").stdout
    assert "comes with Cairn" in cairn("models", "verify").stdout


def test_the_registry_is_where_the_settings_say() -> None:
    """A file of settings names another directory for all commands."""
    Path("c.toml").write_text('[models]\ndirectory = "elsewhere/nets"\n')
    cairn("models", "add", "tiny.onnx", *CARD, "--name", "net-2.1", "--config", "c.toml")
    assert left_in("elsewhere/nets") == ["net-2.1"]
    assert "net-2.1" in cairn("models", "list", "--config", "c.toml").stdout
    assert "net-2.1" not in cairn("models", "list").stdout
    cairn("cluster", "p", "-o", "r.json", "--encoder", "net-2.1", "--config", "c.toml")


@pytest.mark.parametrize("name", ["", ".", "..", "../x", "/x", "a/b", "a\\b", "builtin", "a.onnx"])
def test_a_name_that_could_not_be_found_again_is_refused(name: str) -> None:
    """No paths, nothing that `--encoder` takes for something else, and nothing is left behind."""
    assert "a model cannot be called" in complaint(
        "models", "add", "tiny.onnx", *CARD, "--name", name
    )
    assert sorted(path.name for path in Path.cwd().iterdir()) == ["p", "tiny.onnx"]


def test_a_name_is_taken_once() -> None:
    """The model that is there stays as it is."""
    cairn("models", "add", "tiny.onnx", *CARD)
    before = Path("models/tiny/card.toml").read_bytes()
    assert "exists already" in complaint("models", "add", "tiny.onnx", *CARD, "--set", "scale=2")
    assert Path("models/tiny/card.toml").read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("tiny.onnx",), "licence: Field required; source: Field required"),
        (("tiny.onnx", "--set", "licence"), "write NAME=VALUE"),
        (("tiny.onnx", *CARD, "--set", "sacle=2"), "sacle"),
        (("tiny.onnx", *CARD, "--set", "dim=7"), "its card promises dim = 7"),
        (("tiny.onnx", *CARD, "--set", "size=[9,9]"), "cannot run"),
        (("tiny.onnx", *CARD, "--center-on", "empty"), "at least one image"),
        (("tiny.onnx", *CARD, "--center-on", "lost"), "lost is no folder"),
        (("tiny.onnx", *CARD, "--card", "tiny.toml"), "--card or --set, not both"),
        (("tiny.onnx", "--card", "lost.toml"), "lost.toml"),
        (("lost.onnx", *CARD), "cannot read lost.onnx"),
        (("p/1.png", *CARD), "is not a model that can be opened"),
    ],
)
def test_a_model_that_cannot_work_leaves_nothing_behind(
    arguments: tuple[str, ...], said: str
) -> None:
    """Found out while adding, not at the first photo; a second try is not in the way of it."""
    Path("empty").mkdir()
    Path("models").mkdir()
    assert said in complaint("models", "add", *arguments)
    assert left_in("models") == []


def test_a_card_comes_along_with_its_center() -> None:
    """Adding a folder's model under another name copies all that its card speaks of."""
    cairn("models", "add", "tiny.onnx", *CARD, "--center-on", "p")
    cairn("models", "add", "models/tiny/tiny.onnx", "--card", "models/tiny/card.toml", "--name=b")
    for name in left_in("models/tiny"):
        assert Path("models/b", name).read_bytes() == Path("models/tiny", name).read_bytes()


def test_an_altered_model_is_refused_by_its_hash() -> None:
    """Verifying fails and so does using it; the others still show as well."""
    cairn("models", "add", "tiny.onnx", *CARD)
    cairn("models", "add", "tiny.onnx", *CARD, "--name", "other")
    Path("models/tiny/tiny.onnx").write_bytes(nan_model(4))
    assert "sha256 is" in complaint("cluster", "p", "-o", "r.json", "--encoder", "tiny")
    assert "not every model is as its card says" in complaint("models", "verify")
    cairn("cluster", "p", "-o", "r.json", "--encoder", "other")


def test_a_broken_card_shows_in_the_list() -> None:
    """One bad folder does not hide the others."""
    cairn("models", "add", "tiny.onnx", *CARD)
    write(Path("models/bad"), {"card.toml": b"licence = [/b]"})
    shown = " ".join(cairn("models", "list").stdout.replace("│", " ").split())
    assert "is not valid TOML" in shown
    assert "ok" in shown


def test_a_file_serves_with_its_card_beside_it() -> None:
    """Outside any registry; without the card the line says how to make one."""
    said = complaint("cluster", "p", "-o", "r.json", "--encoder", "tiny.onnx")
    assert "no model card beside it (tiny.toml)" in said
    cairn("models", "add", "tiny.onnx", *CARD)
    shutil.copy("models/tiny/card.toml", "tiny.toml")
    for encoder in ("tiny.onnx", "tiny.toml"):
        cairn("cluster", "p", "-o", "r.json", "--encoder", encoder)


def test_the_threshold_is_learned_or_given() -> None:
    """Any encoder serves every profile as it is; settings may fix the threshold all the same."""
    cairn("models", "add", "tiny.onnx", *CARD)
    chosen = ("cluster", "p", "-o", "r.json", "--encoder", "tiny", "--profile", "object")
    cairn(*chosen)
    assert piles(Path("r.json")) == {frozenset({"1.png", "3.png"})}
    Path("c.toml").write_text("[profiles.object]\nthreshold = -1.0\n")
    cairn(*chosen, "--config", "c.toml")
    assert piles(Path("r.json")) == {frozenset({"1.png", "2.png", "3.png"})}


@pytest.mark.skipif(find_spec("torch") is not None, reason="PyTorch is installed here")
def test_exporting_says_where_it_can_be_done() -> None:
    """Without PyTorch, which only an environment of its own has."""
    said = complaint("models", "export", "ViT-B-32", "--images", "p")
    assert said.startswith("exporting needs torch, open_clip")
    assert "make export-env" in said
    assert not Path("models").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--int8", "--fp16"), "not both"),
        (("--checkpoint", "lost.pt"), "--checkpoint lost.pt: there is no such file"),
        (("--images", "lost"), "lost is no folder with photos"),
        (("--images", "empty"), "empty holds no photo"),
    ],
)
def test_an_order_that_makes_no_sense_is_refused(arguments: tuple[str, ...], said: str) -> None:
    """Before anything is fetched or computed."""
    Path("empty").mkdir()
    assert said in complaint("models", "export", "imdn", *arguments)


@pytest.mark.skipif(not MOBILENET.is_dir(), reason="needs models/mobilenetv2 of CAIRN_SHARED")
def test_a_real_network_tells_objects_apart() -> None:
    """MobileNetV2 with its own scaling, centered on the photos: the views of a scene lie close."""
    write(Path("album"), album())
    facts = ("--set", "scale=0.00784313725", "--set", "mean=[1,1,1]", "--set", "std=[1,1,1]")
    cairn(
        *("models", "add", MOBILENET / "mobilenetv2_imagenet_features.onnx", "--name=mobilenetv2"),
        *("--set", "licence=Apache-2.0", "--set", "source=tests", *facts),
        *("--center-on", "album"),
    )
    cairn("cluster", "album", "-o", "r.json", "--encoder=mobilenetv2", "--profile=object")
    assert {frozenset(n[2:-4] for n in pile) for pile in piles(Path("r.json"))} == {
        frozenset({"coffee"}),
        frozenset({"chelse"}),
        frozenset({"rocket"}),
    }


CROPS = '[profiles.object]\ndetector = "pets"\nitems = "crops"\n'


def test_a_detector_is_added_and_finds_the_items() -> None:
    """From an ONNX file to crops with class, score and box; the state belongs to that detector."""
    head = yolo_head((32, 32, 48, 64, 0.3, 0.9), (8, 8, 16, 16, 0.1, 0.1))
    plain = constant_model([1, 3, 64, 64], {"head": head})
    Path("pets.onnx").write_bytes(with_notes(plain, {"names": "{0: 'cat', 1: 'dog'}"}))
    fields = ("--set", "licence=none", "--set", "source=tests")
    assert cairn("models", "add", "pets.onnx", "--kind", "detector", *fields).stdout == (
        "added pets: name it in a profile (profiles.NAME.detector)\n"
    )
    Path("c.toml").write_text(CROPS)
    cairn("cluster", "p", "-o", "r.json", "--profile", "object", "--config", "c.toml")
    rows = json.loads(Path("r.json").read_text())
    told = {(row["class"], row["score"], tuple(row["box"])) for row in rows}
    assert told == {("dog", 0.9, (5.0, 0.0, 35.0, 40.0))}
    assert piles(Path("r.json")) == {frozenset({"1.png", "3.png"})}


def test_a_missing_detector_is_one_line() -> None:
    """That says what to run."""
    Path("c.toml").write_text(CROPS)
    said = complaint("cluster", "p", "-o", "r.json", "--profile", "object", "--config", "c.toml")
    assert "profiles.object: there is no detector 'pets'" in said
    assert "cairn models add FILE --kind detector" in said
