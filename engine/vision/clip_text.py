"""Text in the space of images: the text tower of CLIP and its like, as an ONNX model with a card.

After Radford et al., "Learning transferable visual models from natural language supervision",
ICML 2021. The tokenizer is a file of the `tokenizers` library, written by
`engine.jobs.export_tokenizer`; texts are mended first as in the official code.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import DTypeLike, NDArray
from pydantic import Field

from engine.errors import Misconfigured
from engine.vision.card import ModelCard, PinnedFile, Positive, load_card
from engine.vision.onnx_encoder import check_slot
from engine.vision.session import Session, open_session, read_verified

_INTEGERS: Mapping[str, DTypeLike] = {"tensor(int64)": np.int64, "tensor(int32)": np.int32}


class TextEncoderCard(ModelCard):
    """Card of a text encoder: tokens (n, context) in, features (n, dim) out.

    tokenizer: of the `tokenizers` library, with what it puts around a text; the context is cut
    and filled up with zeros here. space: as in the card of the image encoder that shares it.
    logit_scale: what a cosine is multiplied with before a softmax.
    """

    kind: Literal["text-encoder"]
    input: str
    output: str
    dim: Annotated[int, Field(gt=0, le=65536)]
    context: Annotated[int, Field(gt=1, le=65536)] = 77
    tokenizer: PinnedFile
    space: Annotated[str, Field(min_length=1)]
    logit_scale: Positive = 100.0


@dataclass(frozen=True, slots=True, eq=False)
class ClipTokenizer:
    """Texts to token numbers.

    handle: a `tokenizers.Tokenizer`, cut and filled to the context. mend: `ftfy.fix_text`.
    """

    handle: Any
    mend: Callable[[str], str]

    def __call__(self, texts: Sequence[str]) -> NDArray[np.int64]:
        """Tokens of n texts, (n, context)."""
        encoded = self.handle.encode_batch([self._mended(text) for text in texts])
        return np.array([one.ids for one in encoded], np.int64)

    def _mended(self, text: str) -> str:
        return html.unescape(html.unescape(self.mend(text))).strip().lower()


@dataclass(frozen=True, slots=True, eq=False)
class ClipTextEncoder:
    """Embeds texts with a model; implements `TextEncoder`."""

    card: TextEncoderCard
    session: Session
    tokenizer: ClipTokenizer

    @property
    def identity(self) -> str:
        """Name of the model and hash of all that decides its vectors."""
        return self.card.identity

    @property
    def space(self) -> str:
        """The space its card names."""
        return self.card.space

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return self.card.dim

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Embed n texts as (n, dim) unit rows."""
        step = self.session.at_once
        runs = [self._run(texts[i : i + step]) for i in range(0, len(texts), step)]
        features = np.concatenate([np.empty((0, self.dim), np.float32), *runs])
        lengths = np.linalg.norm(features, axis=1, keepdims=True)
        return np.asarray(features / np.where(lengths == 0, 1, lengths), np.float32)

    def _run(self, texts: Sequence[str]) -> NDArray[np.float32]:
        tokens = self.tokenizer(texts).astype(_integer(self.session, self.card.input))
        features = self.session.run(self.card.output, {self.card.input: tokens})
        if features.size != len(texts) * self.dim:
            raise Misconfigured(
                f"model {self.session.name} gave an output of shape {features.shape}; "
                f"its card promises dim = {self.dim}"
            )
        return features.reshape(len(texts), self.dim)


def load_text_encoder(card_path: Path, threads: int) -> ClipTextEncoder:
    """Open the model beside a card and run it once; raises Misconfigured."""
    card = load_card(card_path, TextEncoderCard)
    folder = card_path.parent
    session = open_session(folder / card.file, threads, card.sha256)
    check_slot(card.input, [slot.name for slot in session.inputs], card_path, "input")
    check_slot(card.output, [slot.name for slot in session.outputs], card_path, "output")
    words = card.tokenizer
    tokenizer = open_tokenizer(folder / words.file, words.sha256, card.context)
    encoder = ClipTextEncoder(card, session, tokenizer)
    (row,) = encoder.embed(["a photo"])
    if not np.isfinite(row).all() or not row.any():
        raise Misconfigured(
            f"model {session.name} gave features without a direction (NaN, infinite or all zero) "
            "for a test text; its tokenizer may belong to another model"
        )
    return encoder


def open_tokenizer(path: Path, sha256: str, context: int) -> ClipTokenizer:
    """Open a tokenizer file that makes `context` tokens of a text; raises Misconfigured."""
    data = read_verified(path, sha256)
    try:
        from ftfy import fix_text  # noqa: PLC0415  an extra, not a dependency
        from tokenizers import Tokenizer  # noqa: PLC0415  as ftfy
    except ImportError as error:
        raise Misconfigured(
            f"text encoders need the extra [text]: pip install 'imagecairn[text]' ({error})"
        ) from error
    try:
        handle = Tokenizer.from_buffer(data)
    except ValueError as error:
        raise Misconfigured(
            f"{path} is no file of the tokenizers library, as `cairn models export` writes: {error}"
        ) from error
    handle.enable_truncation(context)
    handle.enable_padding(length=context, pad_id=0, pad_token="")
    return ClipTokenizer(handle, fix_text)


def _integer(session: Session, name: str) -> DTypeLike:
    """The integers that an input takes; 64 bits where it says nothing we know."""
    types = {slot.name: slot.type for slot in session.inputs}
    return _INTEGERS.get(types[name], np.int64)
