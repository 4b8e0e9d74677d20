"""`cairn cluster` as its user meets it: what it writes, what decides it, what it refuses."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from tests.album import album, labels, write, write_labels
from tests.commands import cairn, complaint, piles, rows
from tests.images import gradient, shot

KEYS = {
    "filename": str,
    "label": (str, type(None)),
    "x": float,
    "y": float,
    "z": float,
    "group": int,
    "name": type(None),
    "quality": str,
    "cluster_id": str,
    "item": str,
    "box": list,
    "confidence": float,
}
SCENES = {
    frozenset(name for name, label in labels().items() if label == scene)
    for scene in labels().values()
    if scene != "alone"
}


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The album; nothing writes into it."""
    return write(tmp_path_factory.mktemp("photos"), album())


@pytest.fixture(scope="module")
def result(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The album clustered with everything as it comes."""
    path = tmp_path_factory.mktemp("result") / "r.json"
    cairn("cluster", photos, "-o", path)
    return path


def test_a_result_has_the_keys_that_viewers_rely_on(result: Path) -> None:
    """One object a photo, in order of capture, with exactly these keys and types."""
    found = rows(result)
    assert [row["filename"] for row in found] == list(album())
    for row in found:
        assert list(row) == list(KEYS)
        assert all(isinstance(row[key], kind) for key, kind in KEYS.items())
        assert row["label"] is None
        assert all(-1 <= row[axis] <= 1 for axis in "xyz")
        assert row["quality"] in {"high", "low"}
        assert row["item"] == f"{row['filename']}#0"
        assert 0 <= row["confidence"] <= 1


def test_groups_are_the_scenes_and_whoever_is_alone_has_none(result: Path) -> None:
    """Numbers count from 0 in order of first sight; -1 is on no confirmed cluster."""
    assert piles(result) == SCENES
    groups = [row["group"] for row in rows(result)]
    assert list(dict.fromkeys(group for group in groups if group >= 0)) == [0, 1, 2]
    assert [row["filename"] for row in rows(result) if row["group"] == -1] == ["1-alone.jpg"]


@pytest.mark.parametrize("choice", [("--workers", 1), ("--workers", 4), ("--config", "c.toml")])
def test_neither_threads_nor_batches_show_in_a_result(
    choice: tuple[str, object],
    photos: Path,
    result: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """However the work is cut, the bytes are the same: a second run repeats the first."""
    monkeypatch.chdir(tmp_path)
    Path("c.toml").write_text("[engine]\nbatch_size = 3\n")
    cairn("cluster", photos, "-o", "again.json", *choice)
    assert Path("again.json").read_bytes() == result.read_bytes()


def test_a_shuffle_changes_the_order_and_nothing_else(
    photos: Path, result: Path, tmp_path: Path
) -> None:
    """One seed is one order; the photos are the same."""
    once, again = tmp_path / "1.json", tmp_path / "2.json"
    for path in (once, again):
        cairn("cluster", photos, "-o", path, "--shuffle", 7)
    assert once.read_bytes() == again.read_bytes()
    order = [row["filename"] for row in rows(once)]
    assert order != list(album())
    assert sorted(order) == sorted(album())
    assert piles(once) == piles(result)


def test_names_are_never_evidence(tmp_path: Path) -> None:
    """Misleading names and folders, quotes and umlauts: the same groups, as times say the order."""
    new = {name: f"ünï/{9 - n}\"/[/b] {n % 3}'s 日本.JPG" for n, name in enumerate(album())}
    write(tmp_path / "p", {new[name]: data for name, data in album().items()})
    cairn("cluster", tmp_path / "p", "-o", tmp_path / "r.json")
    assert piles(tmp_path / "r.json") == {frozenset(new[n] for n in pile) for pile in SCENES}


def test_labels_are_reported_and_score_the_result(
    photos: Path, result: Path, tmp_path: Path
) -> None:
    """Labels for some of the photos: theirs show, the others' are null, the groups stay."""
    some = dict(list(labels().items())[:6]) | {"1-rocket.jpg": ""}
    table = write_labels(tmp_path / "labels.csv", some)
    shown = cairn("cluster", photos, "-o", tmp_path / "r.json", "--labels", table).stderr
    found = {row["filename"]: row["label"] for row in rows(tmp_path / "r.json")}
    assert found == {name: some.get(name) or None for name in album()}
    assert piles(tmp_path / "r.json") == piles(result)
    assert f"{sum(map(bool, some.values()))} photos against their labels" in shown
    assert "bcubed" in shown


def test_labels_of_other_photos_are_noticed(tmp_path: Path) -> None:
    """A folder too many in the paths of labels.csv would otherwise just leave the score out."""
    write(tmp_path / "p", {"a.jpg": album()["0-coffee.jpg"]})
    table = write_labels(tmp_path / "labels.csv", {"photos/a.jpg": "x"})
    shown = cairn("cluster", tmp_path / "p", "-o", tmp_path / "r.json", "--labels", table).stderr
    assert "no photo has a label" in shown


def test_a_box_is_in_pixels_of_the_upright_original(tmp_path: Path) -> None:
    """A large photo held sideways: neither the working size nor the stored one."""
    pixels = gradient(2000, 1200)
    write(tmp_path / "p", {"a.jpg": shot(pixels, 0, orientation=6)})
    cairn("cluster", tmp_path / "p", "-o", tmp_path / "r.json")
    assert rows(tmp_path / "r.json")[0]["box"] == [0, 0, 1200, 2000]


@pytest.mark.parametrize("profile", ["object", "product"])
def test_other_profiles_go_by_similarity(profile: str, tmp_path: Path) -> None:
    """Two copies of one picture are one object; a different picture is not."""
    data = album()
    names = ("0-coffee.jpg", "0-chelse.jpg")
    write(tmp_path / "p", {name: data[name] for name in names} | {"x.jpg": data[names[0]]})
    cairn("cluster", tmp_path / "p", "-o", tmp_path / "r.json", "--profile", profile)
    assert piles(tmp_path / "r.json") == {frozenset({"0-coffee.jpg", "x.jpg"})}


def test_refused_files_are_listed_with_the_reason(tmp_path: Path) -> None:
    """Beside the result, one JSON object a line; the others are clustered."""
    data = album()["0-coffee.jpg"]
    bad = {"text.jpg": b"no image", "empty.png": b"", "[/b] half.jpg": data[: len(data) // 2]}
    write(tmp_path / "p", {"good.jpg": data, **bad})
    shown = cairn("cluster", tmp_path / "p", "-o", tmp_path / "r.json").stderr
    refused = (tmp_path / "r.json.rejected.jsonl").read_bytes().splitlines()
    reasons = {row["image_id"]: row["reason"] for row in map(orjson.loads, refused)}
    assert reasons == {
        "text.jpg": "unsupported_format",
        "empty.png": "empty",
        "[/b] half.jpg": "corrupt",
    }
    assert [row["filename"] for row in rows(tmp_path / "r.json")] == ["good.jpg"]
    assert "refused [/b] half.jpg" in shown


def test_a_folder_of_broken_files_gives_an_empty_result(tmp_path: Path) -> None:
    """That is an answer, not a failure; it is said in words."""
    write(tmp_path / "p", {f"{n}.jpg": b"no image" for n in range(12)})
    shown = cairn("cluster", tmp_path / "p", "-o", tmp_path / "r.json").stderr
    assert rows(tmp_path / "r.json") == []
    assert "the result is empty" in shown
    assert "refused 2 more" in shown


def test_a_clean_run_clears_an_old_list_of_refusals(tmp_path: Path) -> None:
    """What lies beside a result belongs to it."""
    stale = tmp_path / "r.json.rejected.jsonl"
    stale.write_text("{}\n")
    write(tmp_path / "p", {"a.jpg": album()["0-coffee.jpg"]})
    cairn("cluster", tmp_path / "p", "-o", tmp_path / "r.json")
    assert not stale.exists()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--profile", "plcae"), "no such profile; known: face, object, place, product"),
        (("--encoder", "clpi"), "there is no image-encoder 'clpi'"),
        (("--encoder", "../x"), "there is no image-encoder '../x'"),
        (("--encoder", "lost.onnx"), "there is no model file lost.onnx"),
        (("--workers", "-1"), "engine.workers = -1"),
        (("--config", "lost.toml"), "lost.toml: cannot read"),
        (("--labels", "lost.csv"), "lost.csv cannot be read"),
        (("--labels", "wrong.csv"), "column 'label' is missing"),
        (("-o", "lost/r.json"), "cannot write lost/r.json"),
        (("-o", "."), "cannot write ."),
        (("--html", "lost/r.html"), "cannot write lost/r.html"),
    ],
)
def test_what_cannot_work_is_said_before_the_work(
    options: tuple[str, str],
    said: str,
    photos: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One line that names the fault, and nothing is written."""
    monkeypatch.chdir(tmp_path)
    Path("wrong.csv").write_text("path,site\n")
    output = () if "-o" in options else ("-o", "r.json")
    assert said in complaint("cluster", photos, *output, *options)
    assert [path.name for path in tmp_path.iterdir()] == ["wrong.csv"]


@pytest.mark.parametrize(("folder", "said"), [("p", "holds no photos"), ("lost", "is no folder")])
def test_a_folder_without_photos_is_an_error(folder: str, said: str, tmp_path: Path) -> None:
    """Nothing to read is a typing mistake more often than a wish; the output stays away."""
    write(tmp_path / "p", {"notes.txt": b"", ".hidden.jpg": b""})
    assert said in complaint("cluster", tmp_path / folder, "-o", tmp_path / "r.json")
    assert not (tmp_path / "r.json").exists()


def test_the_demo_takes_own_photos(tmp_path: Path) -> None:
    """Labels among them score the result; everything written lies in the output folder."""
    write(tmp_path / "p", album())
    write_labels(tmp_path / "p" / "labels.csv", labels())
    shown = cairn("demo", "--images", tmp_path / "p", "-o", tmp_path / "out" / "deep").stderr
    assert "F 1.0000" in shown
    assert piles(tmp_path / "out/deep/result.json") == SCENES
    assert (tmp_path / "out/deep/contact-sheet.html").stat().st_size > 1000


def test_the_demo_says_where_it_cannot_write(tmp_path: Path) -> None:
    """A file in the place of the output folder."""
    (tmp_path / "out").write_text("")
    assert "cannot write" in complaint("demo", "-o", tmp_path / "out")
