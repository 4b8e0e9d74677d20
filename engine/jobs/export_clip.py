"""Both towers of a CLIP-type model of open_clip: images and sentences in one space.

The text tower is exported where sentences are cut by CLIP's own byte-pair encoding; the
tokenizers of SigLIP and the like are files of other projects.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import numpy as np
import open_clip
import torch
from open_clip.tokenizer import default_bpe

from engine.errors import Misconfigured
from engine.jobs.export_onnx import Plan, Request, bad_weights, no_weights, prepared
from engine.jobs.export_tokenizer import write_tokenizer
from engine.types import Rgb

_OPENAI = "openai"
_RESIZES = {"shortest": "center-crop", "squash": "squash"}
_SENTENCES = ("a photo of a crane", "scaffolding", "two cats, asleep", "ein Haus am See", "3 x 4!")


class TextTower(torch.nn.Module):
    """The half of a model that reads, as a module of its own."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(self, tokens: Any) -> Any:
        """Features (n, dim) of tokens (n, context)."""
        return self.model.encode_text(tokens)


def knows(name: str) -> bool:
    """Whether open_clip has a model of this name, `:TAG` aside."""
    return name.partition(":")[0] in open_clip.list_models()


def plans(request: Request) -> list[Plan]:
    """One plan a tower; raises Misconfigured where weights are missing or of another model."""
    name, _, tag = request.name.partition(":")
    tag = tag or _usual_tag(name)
    weights = open_clip.get_pretrained_cfg(name, tag)
    if not weights:
        known = ", ".join(open_clip.list_pretrained_tags_by_model(name))
        raise Misconfigured(f"{name}: there are no weights {tag!r}; known: {known}")
    file = request.checkpoint or _fetched(request.name, weights)
    model = empty(name, weights)
    try:
        open_clip.load_checkpoint(model, str(file), weights_only=True)
    except (OSError, RuntimeError, ValueError, LookupError, UnpicklingError) as error:
        raise bad_weights(name, file, error) from error
    licence = "MIT" if tag == _OPENAI else "as published with the weights"
    notes = request.notes(licence, f"open_clip {name}, weights {tag}")
    return towers(name, model, notes, request.photos)


def empty(name: str, weights: dict[str, Any]) -> Any:
    """A model without trained weights, as those described are meant to fill it."""
    told = ("mean", "std", "interpolation", "resize_mode")
    return open_clip.create_model(
        name,
        load_weights=False,
        force_quick_gelu=weights.get("quick_gelu", False),
        force_preprocess_cfg={key: weights[key] for key in told if key in weights},
    )


def towers(name: str, model: Any, notes: dict[str, object], photos: Sequence[Rgb]) -> list[Plan]:
    """Plans for the image tower and, where Cairn can cut its sentences, the text tower."""
    model = model.eval()
    fields = notes | image_fields(model.visual.preprocess_cfg)
    image = Plan(name, "image-encoder", fields, model.visual, prepared(photos, fields))
    if not _reads_clip_tokens(name):
        return [image]
    space = {"space": f"{name}-{_fingerprint(model)}"}
    return [replace(image, fields=fields | space), _text_plan(name, model, notes | space)]


def image_fields(transform: dict[str, Any]) -> dict[str, object]:
    """Fields of a card that say what open_clip's own transform does; raises Misconfigured."""
    size = transform["size"]
    if transform["resize_mode"] not in _RESIZES:
        raise Misconfigured(f"models that pad ({transform['resize_mode']}) cannot be exported yet")
    return {
        "input": "pixels",
        "size": (size, size) if isinstance(size, int) else tuple(size),
        "resize": _RESIZES[transform["resize_mode"]],
        "interpolation": transform["interpolation"],
        "mean": tuple(transform["mean"]),
        "std": tuple(transform["std"]),
    }


def _text_plan(name: str, model: Any, notes: dict[str, object]) -> Plan:
    cut = open_clip.SimpleTokenizer(context_length=model.context_length)
    fields = notes | {
        "input": "tokens",
        "context": model.context_length,
        "logit_scale": float(model.logit_scale.exp()),
    }
    tries = [np.asarray(cut([sentence])) for sentence in _SENTENCES]
    tokenizer = partial(write_tokenizer, Path(default_bpe()))
    return Plan(
        name,
        "text-encoder",
        fields,
        TextTower(model),
        tries,
        input="tokens",
        part="-text",
        beside={"tokenizer": tokenizer},
    )


def _usual_tag(name: str) -> str:
    tags = open_clip.list_pretrained_tags_by_model(name)
    return _OPENAI if _OPENAI in tags else next(iter(tags), "")


def _reads_clip_tokens(name: str) -> bool:
    config = open_clip.get_model_config(name) or {}
    foreign = {"hf_tokenizer_name", "hf_model_name", "tokenizer_kwargs"}
    return "multimodal_cfg" not in config and not foreign & set(config["text_cfg"])


def _fetched(name: str, weights: dict[str, Any]) -> Path:
    try:
        return Path(open_clip.download_pretrained(weights))
    except (OSError, RuntimeError) as error:
        raise no_weights(name, error) from error


def _fingerprint(model: Any) -> str:
    """A short hash of all weights: towers of one training, and no others, share it."""
    digest = hashlib.sha256()
    for tensor in model.state_dict().values():
        digest.update(tensor.contiguous().numpy().tobytes())
    return digest.hexdigest()[:8]
