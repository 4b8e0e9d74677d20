"""Words beside images: the text encoder that shares a space with an image encoder."""

from __future__ import annotations

from pathlib import Path

from cairn.models import open_text_encoder
from engine.errors import Misconfigured
from engine.ports import Encoder
from engine.vision.clip_text import ClipTextEncoder
from engine.vision.onnx_encoder import OnnxEncoder


def words_for(name: str, registry: Path, images: Encoder) -> ClipTextEncoder:
    """The text encoder of that name or file, whose vectors compare with those of `images`.

    Raises Misconfigured where there is none, or where the two do not share a space.
    """
    if not isinstance(images, OnnxEncoder) or not images.card.space:
        raise Misconfigured(
            f"encoder {images.identity} shares no space with any text: words need an encoder with "
            "a text tower, such as CLIP, and `space` in both model cards"
        )
    if images.center is not None:
        raise Misconfigured(
            f"encoder {images.identity} subtracts a center, after which its vectors no longer "
            "compare with those of texts: add the model again without --center-on and "
            "`cairn state reembed` the state"
        )
    texts = open_text_encoder(name, registry)
    if (texts.space, texts.dim) != (images.card.space, images.dim):
        raise Misconfigured(
            f"{name} embeds texts in space {texts.space!r} ({texts.dim} numbers), encoder "
            f"{images.identity} images in {images.card.space!r} ({images.dim}): they must agree"
        )
    return texts
