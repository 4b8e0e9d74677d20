"""`cairn models export`, whole: full-size networks from files of weights into the registry.

Where no real weights can be had the files hold random ones, which exercises the same path.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs PyTorch: make test-export")

import open_clip
import timm
from PIL import Image
from ultralytics.nn.tasks import ClassificationModel, DetectionModel, SegmentationModel

from cairn.kinds import any_card, open_model
from engine.jobs.export_clip import image_fields
from engine.jobs.export_imdn import Imdn
from engine.jobs.export_timm import image_fields as timm_fields
from engine.types import Rgb
from engine.vision.card import PixelCard
from engine.vision.preprocess import model_input
from tests.commands import cairn, complaint

pytestmark = [pytest.mark.timeout(1200), pytest.mark.usefixtures("home")]
ON_PHOTOS = ("--images", "photos")


def card(name: str) -> Any:
    return any_card(Path("models", name, "card.toml"))


def opened(name: str) -> Any:
    return open_model(Path("models", name, "card.toml"), 1)


def difference(said: str) -> float:
    return float(said.partition("differs from PyTorch by ")[2].split()[0])


def loss(said: str) -> float:
    return float(said.partition(" costs ")[2].split()[0])


def random_yolo(kind: type, name: str) -> Path:
    """Weights of a network that was never trained, but whose scores differ from place to place."""
    torch.manual_seed(0)
    network = kind(f"{name}.yaml", verbose=False)
    network.task = "segment" if kind is SegmentationModel else "detect"
    head = network.model[-1]
    for layer in (*head.cv3, *(getattr(head, "one2one_cv3", None) or ())):
        torch.nn.init.normal_(layer[-1].weight, std=0.5)
    torch.save({"model": network}, f"{name}.pt")
    return Path(f"{name}.pt")


def test_clip_brings_both_towers(photos: list[Rgb]) -> None:
    """ViT-B/32 of full size: images and sentences in one space, 8-bit, opened as at run time."""
    torch.manual_seed(0)
    weights = open_clip.create_model("ViT-B-32", load_weights=False, force_quick_gelu=True)
    torch.save(weights.state_dict(), "w.pt")
    said = cairn(*("models", "export", "ViT-B-32", "--checkpoint", "w.pt", "--int8"), *ON_PHOTOS)
    lines = said.stdout.splitlines()
    assert [max(map(difference, lines[:2])) < 1e-3, max(map(loss, lines[:2])) < 2e-3] == [True] * 2
    assert lines[2:] == [
        "added ViT-B-32-int8 (image-encoder)",
        "added ViT-B-32-int8-text (text-encoder)",
    ]
    image, text = card("ViT-B-32-int8"), card("ViT-B-32-int8-text")
    assert (image.dim, text.dim, text.context) == (512, 512, 77)
    assert image.space == text.space
    assert image.licence == "MIT"
    rows = opened("ViT-B-32-int8").embed(photos)
    with torch.inference_mode():
        wanted = (
            weights.eval()
            .encode_image(
                torch.from_numpy(np.concatenate([model_input(one, image) for one in photos]))
            )
            .numpy()
        )
    wanted /= np.linalg.norm(wanted, axis=1, keepdims=True)
    assert (rows * wanted).sum(axis=1).min() > 0.995
    cairn("models", "verify")


def test_clip_cuts_sentences_as_open_clip_does() -> None:
    """What the text tower is fed at run time, without open_clip's own tokenizer."""
    weights = open_clip.create_model("ViT-B-32", load_weights=False, force_quick_gelu=True)
    torch.save(weights.state_dict(), "w.pt")
    cairn("models", "export", "ViT-B-32", "--checkpoint", "w.pt", *ON_PHOTOS)
    texts = ["a photo of a crane", "It's 3 x 4!", "Straße, café", "日本", "word " * 200, ""]
    tokens = opened("ViT-B-32-text").tokenizer(texts)
    assert np.array_equal(tokens, open_clip.get_tokenizer("ViT-B-32")(texts).numpy())


@pytest.mark.parametrize("name", ["ViT-B-32", "ViT-B-16-SigLIP2-256", "ViT-L-14-336"])
def test_open_clips_transform_is_on_the_card(name: str, photos: list[Rgb]) -> None:
    """At most 2/255 a pixel; it is the same library that resizes, so none at all."""
    weights = open_clip.get_pretrained_cfg(name, open_clip.list_pretrained_tags_by_model(name)[0])
    size = open_clip.get_model_config(name)["vision_cfg"]["image_size"]
    told = {"size": size, "resize_mode": "shortest", "interpolation": "bicubic"} | weights
    told |= {"mean": (0, 0, 0), "std": (1, 1, 1)}
    keys = ("mean", "std", "interpolation", "resize_mode")
    transform = open_clip.image_transform(size, is_train=False, **{key: told[key] for key in keys})
    for pixels in (*photos, *(one[:-3, : len(one) // 2] for one in photos)):
        wanted = transform(Image.fromarray(pixels)).numpy()
        given = model_input(pixels, pixel_card(image_fields(told)))[0]
        assert np.abs(wanted - given).max() <= 1e-6


@pytest.mark.parametrize("name", ["vit_small_patch14_dinov2.lvd142m", "resnet18.a1_in1k"])
def test_timms_transform_is_on_the_card(name: str, photos: list[Rgb]) -> None:
    """The same for timm, one of whose models looks at the middle of a larger image only."""
    told = timm.data.resolve_data_config(timm.get_pretrained_cfg(name).to_dict())
    told |= {"mean": (0, 0, 0), "std": (1, 1, 1)}
    transform = timm.data.create_transform(**told)
    for pixels in photos:
        wanted = transform(Image.fromarray(pixels)).numpy()
        given = model_input(pixels, pixel_card(timm_fields(told)))[0]
        assert np.abs(wanted - given).max() <= 1e-6


def pixel_card(fields: dict[str, object]) -> PixelCard:
    facts = {"kind": "x", "file": "x", "sha256": "0" * 64, "licence": "x", "source": "x"}
    return PixelCard.model_validate(facts | fields)


def test_backbones_of_timm_are_encoders() -> None:
    """DINOv2 of full size, 16-bit: opened without a GPU as well."""
    name = "vit_small_patch14_dinov2.lvd142m"
    torch.manual_seed(0)
    torch.save(timm.create_model(name, num_classes=0).state_dict(), "w.pth")
    command = ("models", "export", name, "--checkpoint", "w.pth", "--fp16", "--name", "dino")
    said = cairn(*command, *ON_PHOTOS).stdout
    assert difference(said) < 1e-3
    assert loss(said) < 1e-4
    assert (card("dino").dim, card("dino").size) == (384, (518, 518))
    assert card("dino").licence == "apache-2.0"


@pytest.mark.parametrize(
    ("kind", "name", "head", "masks"),
    [
        (DetectionModel, "yolov10s", "end-to-end", ""),
        (DetectionModel, "yolo11n", "yolo", ""),
        (SegmentationModel, "yolov8n-seg", "yolo", "masks"),
    ],
)
def test_detectors_have_their_heads_told(kind: type, name: str, head: str, masks: str) -> None:
    """With and without double boxes, with and without masks."""
    said = cairn("models", "export", name, "--checkpoint", random_yolo(kind, name), *ON_PHOTOS)
    assert difference(said.stdout) < 1e-3
    assert (card(name).head, card(name).masks, len(card(name).classes)) == (head, masks, 80)


def test_a_real_detector_keeps_its_classes(shared: Path) -> None:
    """YOLOv8n under a name of one's own, by its file alone."""
    file = shared / "models/yolov8n/yolov8n.pt"
    said = cairn("models", "export", "cranes", "--checkpoint", file, *ON_PHOTOS).stdout
    assert difference(said) < 1e-3
    assert card("cranes").classes[:3] == ("person", "bicycle", "car")


def test_imdn_enlarges_better_than_cubic_interpolation(shared: Path, photos: list[Rgb]) -> None:
    """Its real weights, on photos made small: clearly nearer to the original."""
    file = shared / "models/imdn/IMDN_x3.pth"
    assert difference(cairn("models", "export", "imdn", "--checkpoint", file).stdout) < 1e-3
    upscaler = opened("imdn")
    for pixels in photos:
        large = pixels[:240, :240]
        small = Image.fromarray(large).resize((80, 80), Image.Resampling.BICUBIC)
        cubic = np.asarray(small.resize((240, 240), Image.Resampling.BICUBIC))
        assert error(upscaler.enlarge(np.asarray(small)), large) < 0.9 * error(cubic, large)


def error(given: Rgb, wanted: Rgb) -> float:
    inner = slice(6, -6)
    return float(np.square(given[inner, inner].astype(float) - wanted[inner, inner]).mean())


class Hostile:
    """What a pickle does when it is read without care."""

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[str]]:
        return Path.touch, (Path("harmed"),)  # type: ignore[return-value]


@pytest.mark.parametrize("name", ["yolov8n", "imdn", "ViT-B-32", "resnet18.a1_in1k"])
def test_checkpoints_run_nothing(name: str) -> None:
    """One that would do something when read is refused, and nothing was done."""
    torch.save({"model": Hostile(), "state_dict": Hostile()}, "w.pt")
    assert "no checkpoint of" in complaint("models", "export", name, "--checkpoint", "w.pt")
    assert not Path("harmed").exists()
    assert not Path("models").exists()


@pytest.mark.parametrize("name", ["yolov8n", "imdn", "ViT-B-32", "resnet18.a1_in1k"])
def test_a_checkpoint_of_something_else_is_refused(name: str) -> None:
    """Weights that do not fit, and what is no checkpoint at all."""
    torch.save({"fc.weight": torch.zeros(2, 2)}, "w.pt")
    assert "no checkpoint of" in complaint("models", "export", name, "--checkpoint", "w.pt")
    Path("w.pt").write_bytes(b"something")
    assert "no checkpoint of" in complaint("models", "export", name, "--checkpoint", "w.pt")


def test_what_cannot_be_exported_is_said() -> None:
    """Unknown names, unknown weights, models for other ends, names that are taken."""
    assert "there is no model 'nonsense'" in complaint("models", "export", "nonsense")
    assert "known: openai" in complaint("models", "export", "ViT-B-32:nonsense")
    torch.save({"model": ClassificationModel("yolov8n-cls.yaml", verbose=False)}, "c.pt")
    assert "to classify" in complaint("models", "export", "c", "--checkpoint", "c.pt")
    Path("models/imdn").mkdir(parents=True)
    torch.save(Imdn(2).state_dict(), "i.pt")
    taken = complaint("models", "export", "imdn", "--checkpoint", "i.pt")
    assert "exists already" in taken


@pytest.mark.parametrize("name", ["ViT-B-32", "resnet18.a1_in1k", "imdn"])
def test_weights_that_cannot_be_fetched_are_to_be_given(name: str) -> None:
    """One line with what to do."""
    assert "give it with --checkpoint FILE" in complaint("models", "export", name)
