"""Training a face encoder: it learns to tell people apart and is exported like any other."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.types import Rgb
from tests.album import write
from tests.commands import cairn, complaint
from tests.face_models import Seen, yunet
from tests.images import encoded

torch = pytest.importorskip("torch", reason="needs PyTorch: make test-export")
from cairn.models import open_encoder
from engine.jobs.train_face import Course, FaceEmbeddingNet, train, varied

PEOPLE, EACH = 4, 6


def face(person: int, shot: int, side: int = 112) -> Rgb:
    """Patches that are the person's own, under noise that is the shot's."""
    patches = np.random.default_rng(person).integers(40, 216, (7, 7, 3))
    noise = np.random.default_rng([person, shot]).integers(-30, 31, (side, side, 3))
    return (np.kron(patches, np.ones((side // 7, side // 7, 1), int)) + noise).astype(np.uint8)


def shots() -> tuple[list[Rgb], list[int]]:
    numbers = [person for person in range(PEOPLE) for _ in range(EACH)]
    return [face(number, shot) for shot, number in enumerate(numbers)], numbers


def test_people_are_told_apart_after_training() -> None:
    """Losses fall; new shots lie nearest to the person's old ones."""
    torch.manual_seed(0)
    network = FaceEmbeddingNet()
    losses = list(train(network, *shots(), Course(epochs=12)))
    assert losses[-1] < losses[0] / 2
    tensors = [
        torch.from_numpy(face(p, s).transpose(2, 0, 1)[None] / 127.5 - 1).float()
        for s in (90, 91)
        for p in range(PEOPLE)
    ]
    with torch.inference_mode():
        rows = torch.cat([network(one) for one in tensors]).numpy()
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
    assert (rows[:PEOPLE] @ rows[PEOPLE:].T).argmax(axis=1).tolist() == list(range(PEOPLE))


def test_the_same_course_gives_the_same_network() -> None:
    """Seeded: what was trained once can be trained again."""
    results = []
    for _ in range(2):
        torch.manual_seed(3)
        network = FaceEmbeddingNet()
        results.append(list(train(network, *shots(), Course(epochs=1))))
    assert results[0] == results[1]


def test_variation_keeps_shape_and_stays_near() -> None:
    """A varied face is still a face of the same size, never the same pixels."""
    faces = torch.zeros(5, 3, 112, 112) + 0.5
    again = varied(faces)
    assert again.shape == faces.shape
    assert float((again - faces).abs().max()) < 0.5
    assert not torch.equal(again, faces)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("yunet.onnx").write_bytes(yunet([Seen(160, 160, 300)]))
    given = ("--set", "method=yunet", "--set", "licence=none", "--set", "source=tests")
    cairn("models", "add", "yunet.onnx", "--kind", "face-detector", *given)
    photos = {
        f"{person}/{shot}.png": encoded(face(person, shot, 336))
        for person in range(PEOPLE)
        for shot in range(EACH)
    }
    return write(tmp_path / "people", photos)


@pytest.mark.usefixtures("home")
def test_a_folder_of_people_becomes_an_encoder() -> None:
    """Found, aligned, learned, exported, compared with PyTorch, added with its card."""
    said = cairn("train", "face-embedder", "people", "-o", "ours", "--epochs", 2).stdout
    assert said.startswith("24 faces of 4 people; 0 photos without one")
    assert "differs from PyTorch by" in said
    assert "added ours: cairn cluster DIR --profile face --encoder ours" in said
    assert open_encoder("ours", Path("models")).dim == 128
    assert "exists already" in complaint("train", "face-embedder", "people", "-o", "ours")


@pytest.mark.usefixtures("home")
def test_too_little_to_learn_from_is_said() -> None:
    """No folder, no people in it: the line says what is wanted."""
    assert "nowhere is no folder" in complaint("train", "face-embedder", "nowhere", "-o", "x")
    few = complaint("train", "face-embedder", "people/1", "-o", "x")
    assert "0 faces of 0 people: give a folder with one sub-folder a person" in few
