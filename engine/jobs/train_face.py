"""FaceEmbeddingNet: a small face encoder, trained on a folder of one's own people.

Light evened out, three convolutional blocks of 32, 64 and 128 channels, adaptive pooling, one
linear layer, unit length. Trained by softmax over cosines with a margin (CosFace, Wang et al.,
CVPR 2018) on faces that are flipped, turned, shifted and lit anew in every epoch. A hundred
photos of a dozen people make a modest encoder; one trained on millions of faces is far better
where it may be used.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.jobs.export_onnx import Plan, prepared
from engine.types import Rgb

SIDE = 112
"""Pixels a side of the input."""
_CHANNELS = (32, 64, 128)
_CELLS = 7  # a side after pooling: what is where in an aligned face tells people apart
_MOST_TURN, _MOST_STRETCH, _MOST_SHIFT = 0.17, 0.1, 0.08  # radians; shares of size and side
_LIGHT, _SHADE = 0.3, 0.2  # shares of contrast and of the full range
_FIELDS: dict[str, object] = {
    "licence": "that of the photos it learned from",
    "source": "FaceEmbeddingNet",
    "input": "pixels",
    "output": "features",
    "size": (SIDE, SIDE),
    "resize": "squash",
    "scale": 1 / 127.5,
    "mean": (1.0, 1.0, 1.0),
    "std": (1.0, 1.0, 1.0),
}


class FaceEmbeddingNet(nn.Module):
    """Faces (n, 3, 112, 112) from -1 to 1 become unit rows (n, dim)."""

    def __init__(self, dim: int = 128) -> None:
        super().__init__()
        widths = (3, *_CHANNELS)
        self.light = nn.InstanceNorm2d(3)
        self.blocks = nn.Sequential(*(_block(*pair) for pair in pairwise(widths)))
        self.pool = nn.AdaptiveAvgPool2d(_CELLS)
        self.head = nn.Linear(_CHANNELS[-1] * _CELLS**2, dim)

    def forward(self, faces: Tensor) -> Tensor:
        """Embed a batch."""
        return functional.normalize(self.head(self.pool(self.blocks(self.light(faces))).flatten(1)))


def _block(before: int, after: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(before, after, 3, stride=2, padding=1, bias=False),
        nn.BatchNorm2d(after),
        nn.ReLU(),
    )


@dataclass(frozen=True, slots=True)
class Course:
    """How a network is trained.

    margin: taken off the cosine of the right person. sharpness: what cosines are multiplied by.
    """

    epochs: int = 60
    batch: int = 32
    rate: float = 3e-3
    margin: float = 0.3
    sharpness: float = 16.0
    seed: int = 0


def train(
    network: FaceEmbeddingNet, faces: Sequence[Rgb], people: Sequence[int], course: Course
) -> Iterator[float]:
    """Train on aligned faces and the number of each one's person; the loss after every epoch.

    The same faces, numbers and course give the same network on one thread of one machine.
    """
    torch.manual_seed(course.seed)
    inputs = torch.from_numpy(np.concatenate(prepared(faces, _FIELDS)))
    truth = torch.tensor(people)
    centres = nn.Parameter(torch.randn(max(people) + 1, network.head.out_features))
    weights = [*network.parameters(), centres]
    descent = torch.optim.AdamW(weights, course.rate, weight_decay=5e-4)
    steps = course.epochs * -(-len(faces) // course.batch)
    pace = torch.optim.lr_scheduler.OneCycleLR(descent, course.rate, total_steps=steps)
    network.train()
    for _ in range(course.epochs):
        losses = []
        for chosen in torch.randperm(len(faces)).split(course.batch):
            loss = _loss(network(varied(inputs[chosen])), centres, truth[chosen], course)
            descent.zero_grad()
            loss.backward()
            descent.step()
            pace.step()
            losses.append(float(loss.detach()))
        yield sum(losses) / len(losses)
    network.eval()


def _loss(rows: Tensor, centres: Tensor, truth: Tensor, course: Course) -> Tensor:
    cosines = rows @ functional.normalize(centres).T
    right = functional.one_hot(truth, len(centres))
    return functional.cross_entropy(course.sharpness * (cosines - course.margin * right), truth)


def varied(faces: Tensor) -> Tensor:
    """The same people on other photos: mirrored, turned, nearer, aside, in another light."""
    count = len(faces)
    turn = _spread(count, _MOST_TURN)
    stretch = 1 + _spread(count, _MOST_STRETCH)
    mirror = torch.where(torch.rand(count) < 0.5, -1.0, 1.0)
    across = torch.stack([mirror * stretch * turn.cos(), -stretch * turn.sin()], dim=1)
    down = torch.stack([mirror * stretch * turn.sin(), stretch * turn.cos()], dim=1)
    shift = _spread(count, 2 * _MOST_SHIFT, 2)  # grids go from -1 to 1
    motion = torch.cat([torch.stack([across, down], dim=1), shift[:, :, None]], dim=2)
    grid = functional.affine_grid(motion, list(faces.shape), align_corners=False)
    moved = functional.grid_sample(faces, grid, padding_mode="border", align_corners=False)
    contrast, light = _spread(count, _LIGHT, 1, 1, 1), _spread(count, _SHADE, 1, 1, 1)
    return moved * (1 + contrast) + light


def _spread(count: int, most: float, *shape: int) -> Tensor:
    """Evenly from -most to most."""
    return (2 * torch.rand(count, *shape) - 1) * most


def plan(network: FaceEmbeddingNet, name: str, faces: Sequence[Rgb], source: str) -> Plan:
    """How a trained network is exported, tried on these faces; `source` goes into its card."""
    fields = _FIELDS | {"source": source}
    return Plan(name, "image-encoder", fields, network.eval(), prepared(faces, _FIELDS))
