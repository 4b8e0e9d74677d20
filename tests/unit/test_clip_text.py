"""Text encoders: the tokens of the official code, unit rows, and every mistake told apart."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest

from engine.errors import Misconfigured
from engine.jobs.export_tokenizer import write_tokenizer
from engine.vision.clip_text import (
    ClipTextEncoder,
    ClipTokenizer,
    load_text_encoder,
    open_tokenizer,
)
from engine.vision.onnx_encoder import load_encoder
from tests.words import (
    COLOURS,
    CONTEXT,
    DIM,
    bag_of_words,
    digest,
    image_tower,
    plain,
    table,
    text_tower,
)

VOCABULARY = Path(os.environ.get("CAIRN_SHARED", "../shared"), "models/clip-tokenizer").joinpath(
    "bpe_simple_vocab_16e6.txt.gz"
)
OFFICIAL = Path(__file__).with_name("clip_tokens.json")
"""What open_clip 3.3.0 makes of texts, without the zeros that fill the context."""


@pytest.fixture
def encoder(tmp_path: Path) -> ClipTextEncoder:
    return load_text_encoder(text_tower(tmp_path), threads=1)


def opened(path: Path, context: int) -> ClipTokenizer:
    return open_tokenizer(path, digest(path.read_bytes()), context)


@pytest.mark.skipif(not VOCABULARY.exists(), reason="needs CLIP's vocabulary under CAIRN_SHARED")
def test_tokens_are_those_of_the_official_code(tmp_path: Path) -> None:
    """Unicode, entities, quotes, emoji, control characters, long and empty texts."""
    write_tokenizer(VOCABULARY, tmp_path / "clip.json")
    tokenizer = opened(tmp_path / "clip.json", 77)
    expected = json.loads(OFFICIAL.read_text(encoding="utf-8"))
    rows = tokenizer(list(expected))
    assert rows.shape == (len(expected), 77)
    for (text, tokens), row in zip(expected.items(), rows, strict=True):
        assert row.tolist() == tokens + [0] * (77 - len(tokens)), text


def test_words_are_merged_and_cut_to_the_context(encoder: ClipTextEncoder) -> None:
    """Whatever the case; start and end are always there, and zeros behind them."""
    vocabulary = encoder.tokenizer.handle.get_vocab()
    start, end = vocabulary["<start_of_text>"], vocabulary["<end_of_text>"]
    red, blue = vocabulary["red</w>"], vocabulary["blue</w>"]
    rows = encoder.tokenizer(["Red &amp; BLUE", "", "red " * 40])
    assert rows[0, [0, 1, 3, 4]].tolist() == [start, red, blue, end]
    assert rows[1].tolist() == [start, end] + [0] * (CONTEXT - 2)
    assert rows[2].tolist() == [start, *[red] * (CONTEXT - 2), end]


def test_rows_are_unit_and_do_not_depend_on_their_neighbours(encoder: ClipTextEncoder) -> None:
    """One by one or together: the same bits; none for no text."""
    texts = ["red", "a green thing", "", "blue " * 30]
    together = encoder.embed(texts)
    assert together.shape == (4, DIM)
    assert together.dtype == np.float32
    assert np.allclose(np.linalg.norm(together, axis=1), 1, atol=1e-6)
    assert np.array_equal(together, np.concatenate([encoder.embed([one]) for one in texts]))
    assert encoder.embed([]).shape == (0, DIM)


def test_images_lie_nearest_to_their_words(encoder: ClipTextEncoder, tmp_path: Path) -> None:
    """That is what a joint space is."""
    images = load_encoder(image_tower(tmp_path / "images"), threads=1)
    pixels = images.embed([plain(colour) for colour in COLOURS])
    words = encoder.embed([f"a photo of something {colour}" for colour in COLOURS])
    assert (pixels @ words.T).argmax(axis=1).tolist() == [0, 1, 2]
    assert images.card.space == encoder.space


def test_the_name_of_a_space_changes_no_vector(tmp_path: Path) -> None:
    """State made before a space was named is still good."""
    named = load_encoder(image_tower(tmp_path / "a"), threads=1)
    plain_one = load_encoder(image_tower(tmp_path / "b", space=""), threads=1)
    assert named.identity == plain_one.identity


def spoilt(folder: Path, old: str, new: str) -> Path:
    card = text_tower(folder)
    text = card.read_text()
    assert old in text
    card.write_text(text.replace(old, new))
    return card


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ('input = "tokens"', 'input = "ids"', "no input named 'ids'; it has tokens"),
        ('output = "features"', 'output = "y"', "no output named 'y'; it has features"),
        ("dim = 48", "dim = 47", "promises dim = 47"),
        ("context = 32", "context = 31", "cannot run"),
        ("context = 32", "context = 1", "context"),
        ('space = "pixels"', 'space = ""', "space"),
        ('space = "pixels"\n', "", "space: Field required"),
        ("[tokenizer]\n", "[words]\n", "tokenizer: Field required"),
        ('file = "words.json"', 'file = "other.json"', "cannot read"),
        ("logit_scale = 10.0", "logit_scale = 0", "logit_scale"),
    ],
)
def test_a_card_that_is_wrong_is_said(tmp_path: Path, old: str, new: str, fault: str) -> None:
    """Which field, and what is the matter with it."""
    with pytest.raises(Misconfigured, match=fault):
        load_text_encoder(spoilt(tmp_path, old, new), threads=1)


def test_a_tokenizer_must_be_the_one_of_the_card_and_one_at_all(tmp_path: Path) -> None:
    """By its hash; and a file of another kind is no tokenizer."""
    card = text_tower(tmp_path)
    (tmp_path / "words.json").write_text("{}")
    with pytest.raises(Misconfigured, match="sha256"):
        load_text_encoder(card, threads=1)
    with pytest.raises(Misconfigured, match="no file of the tokenizers library"):
        opened(tmp_path / "words.json", 8)


def test_a_model_that_says_nothing_is_refused(tmp_path: Path) -> None:
    """Its tokens may be those of another."""
    mute = bag_of_words(table() * 0, CONTEXT)
    card = text_tower(tmp_path, sha256=digest(mute))
    (tmp_path / "words.onnx").write_bytes(mute)
    with pytest.raises(Misconfigured, match="without a direction"):
        load_text_encoder(card, threads=1)
