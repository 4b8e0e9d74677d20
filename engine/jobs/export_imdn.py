"""IMDN, super-resolution by information multi-distillation (Hui et al., ACM MM 2019).

The network as its authors' checkpoints name its layers; the factor is read off the weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import isqrt
from pickle import UnpicklingError
from typing import Any

import numpy as np
import torch
from torch import nn

from engine.jobs.export_onnx import Array, Plan, Request, bad_weights, no_weights
from engine.types import Rgb

_WIDTH, _BLOCKS = 64, 6
_KEPT = _WIDTH // 4
_SLOPE = 0.05
_PATCH = 96  # pixels a side of what it is tried on: small images are what it is for


def knows(name: str) -> bool:
    """Whether it is called like this family."""
    return name.lower().startswith("imdn")


def plans(request: Request) -> list[Plan]:
    """The one plan; raises Misconfigured where weights are missing or of another model."""
    if request.checkpoint is None:
        raise no_weights(request.name, "they lie at github.com/Zheng222/IMDN, for you to fetch")
    try:
        weights = torch.load(request.checkpoint, map_location="cpu", weights_only=True)
        network = filled(weights)
    except (OSError, RuntimeError, LookupError, AttributeError, UnpicklingError) as error:
        raise bad_weights(request.name, request.checkpoint, error) from error
    notes = request.notes("none stated by the authors", "github.com/Zheng222/IMDN")
    return [upscaler(request.name, network, notes, request.photos)]


def filled(weights: dict[str, Any]) -> Imdn:
    """The network with these weights; raises RuntimeError or KeyError where they do not fit."""
    # Trained on several GPUs, a network calls all its layers `module.`
    named = {name.removeprefix("module."): tensor for name, tensor in weights.items()}
    network = Imdn(isqrt(named["upsampler.0.weight"].shape[0] // 3))
    network.load_state_dict(named)
    return network


def upscaler(name: str, network: Imdn, notes: dict[str, object], photos: Sequence[Rgb]) -> Plan:
    """A plan for a network that takes images of any size."""
    fields = notes | {"input": "pixels", "output": "enlarged", "factor": network.factor}
    return Plan(
        name,
        "upscaler",
        fields,
        network.eval(),
        [_patch(photo) for photo in photos],
        outputs=("enlarged",),
        free={2: "height", 3: "width"},
    )


def _patch(photo: Rgb) -> Array:
    patch = photo[:_PATCH, : _PATCH + 1]
    return np.ascontiguousarray(patch.transpose(2, 0, 1)[None], np.float32) / np.float32(255)


class Imdn(nn.Module):
    """RGB of 0 to 1 in as (n, 3, h, w), and out, enlarged by a whole factor."""

    def __init__(self, factor: int) -> None:
        super().__init__()
        self.factor = factor
        self.fea_conv = _convolution(3, _WIDTH)
        for number in range(1, _BLOCKS + 1):
            self.add_module(f"IMDB{number}", _Distillation())
        self.c = nn.Sequential(_convolution(_WIDTH * _BLOCKS, _WIDTH, 1), nn.LeakyReLU(_SLOPE))
        self.LR_conv = _convolution(_WIDTH, _WIDTH)
        self.upsampler = nn.Sequential(_convolution(_WIDTH, 3 * factor**2), nn.PixelShuffle(factor))

    def forward(self, pixels: Any) -> Any:
        """Enlarge."""
        first = self.fea_conv(pixels)
        steps = [first]
        for number in range(1, _BLOCKS + 1):
            steps.append(self.get_submodule(f"IMDB{number}")(steps[-1]))
        return self.upsampler(self.LR_conv(self.c(torch.cat(steps[1:], 1))) + first)


class _Distillation(nn.Module):
    """Keeps a quarter of the channels at every step, refines the others further."""

    def __init__(self) -> None:
        super().__init__()
        rest = _WIDTH - _KEPT
        self.c1 = _convolution(_WIDTH, _WIDTH)
        self.c2 = _convolution(rest, _WIDTH)
        self.c3 = _convolution(rest, _WIDTH)
        self.c4 = _convolution(rest, _KEPT)
        self.c5 = _convolution(_WIDTH, _WIDTH, 1)
        self.cca = _Contrast()
        self.act = nn.LeakyReLU(_SLOPE)

    def forward(self, pixels: Any) -> Any:
        """Refine, channels (n, 64, h, w) in and out."""
        rest, kept = pixels, []
        for refine in (self.c1, self.c2, self.c3):
            both = self.act(refine(rest))
            kept.append(both[:, :_KEPT])
            rest = both[:, _KEPT:]
        kept.append(self.c4(rest))
        return self.c5(self.cca(torch.cat(kept, 1))) + pixels


class _Contrast(nn.Module):
    """Weighs channels by their mean and standard deviation."""

    def __init__(self) -> None:
        super().__init__()
        narrow = _WIDTH // 16
        self.conv_du = nn.Sequential(
            nn.Conv2d(_WIDTH, narrow, 1), nn.ReLU(), nn.Conv2d(narrow, _WIDTH, 1), nn.Sigmoid()
        )

    def forward(self, pixels: Any) -> Any:
        """Weigh."""
        mean = pixels.mean((2, 3), keepdim=True)
        spread = (pixels - mean).pow(2).mean((2, 3), keepdim=True).sqrt()
        return pixels * self.conv_du(mean + spread)


def _convolution(into: int, out: int, side: int = 3) -> Any:
    return nn.Conv2d(into, out, side, padding=side // 2)
