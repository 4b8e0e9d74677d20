"""A tiny joint space: images of one colour, and its name. The space is that of raw pixels."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from engine.jobs.export_tokenizer import END, clip_tokenizer
from engine.types import Rgb
from engine.vision.card import EncoderCard, checked_card, draft_card, write_card
from engine.vision.clip_text import TextEncoderCard
from tests.onnx_file import INT64, model, node, tensor, value
from tests.onnx_model import flatten_model

COLOURS = {"red": (255, 0, 0), "green": (0, 255, 0), "blue": (0, 0, 255)}
SIDE, CONTEXT = 4, 32
DIM = 3 * SIDE * SIDE
GIVEN = {"licence": "none", "source": "tests"}
PIXELS = {"resize": "squash", "scale": 1 / 255, "mean": (0, 0, 0), "std": (1, 1, 1)}


def plain(colour: str, side: int = 40) -> Rgb:
    """An image of one colour."""
    return np.full((side, side, 3), COLOURS[colour], np.uint8)


def tokenizer_text() -> str:
    """A tokenizer to which each colour is one token."""
    words = ([*word[:-1], f"{word[-1]}</w>"] for word in COLOURS)
    merges = [("".join(word[:end]), word[end]) for word in words for end in range(1, len(word))]
    text: str = clip_tokenizer(list(dict.fromkeys(merges))).to_str()
    return text


def table() -> NDArray[np.float32]:
    """Each colour's token means the pixels of its images, the end a little grey, others nothing."""
    numbers = Tokenizer.from_str(tokenizer_text()).get_vocab()
    rows = np.zeros((len(numbers), DIM), np.float32)
    rows[numbers[END]] = 1.0
    for colour, pixel in COLOURS.items():
        rows[numbers[f"{colour}</w>"]] = np.repeat(np.array(pixel, np.float32), SIDE * SIDE)
    return rows


def bag_of_words(rows: NDArray[np.float32], context: int) -> bytes:
    """A text encoder: tokens [N, context] -> mean of their rows in the table [N, dim]."""
    nodes = [
        node("Gather", ["table", "tokens"], ["rows"]),
        node("ReduceMean", ["rows"], ["features"], axes=[1], keepdims=0),
    ]
    tokens = value("tokens", ["N", context], INT64)
    return model(nodes, tokens, value("features", ["N", rows.shape[1]]), [tensor("table", rows)])


def text_tower(folder: Path, **fields: object) -> Path:
    """The text encoder in a folder; returns its card's path."""
    tower, words = bag_of_words(table(), CONTEXT), tokenizer_text().encode()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "words.onnx").write_bytes(tower)
    (folder / "words.json").write_bytes(words)
    known = {"kind": "text-encoder", "file": "words.onnx", "sha256": digest(tower), **GIVEN}
    known |= {"logit_scale": 10.0}
    known |= {"input": "tokens", "output": "features", "dim": DIM, "context": CONTEXT}
    known |= {"tokenizer": {"file": "words.json", "sha256": digest(words)}, "space": "pixels"}
    write_card(folder / "card.toml", checked_card(known | fields, TextEncoderCard, "of a test"))
    return folder / "card.toml"


def image_tower(folder: Path, **fields: object) -> Path:
    """The image encoder in a folder; returns its card's path."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "plain.onnx").write_bytes(flatten_model(SIDE))
    given = GIVEN | PIXELS | {"space": "pixels"} | fields
    write_card(folder / "card.toml", draft_card(folder / "plain.onnx", EncoderCard, given))
    return folder / "card.toml"


def digest(data: bytes) -> str:
    """SHA-256 in hex."""
    return hashlib.sha256(data).hexdigest()
