"""Detectors of Ultralytics: YOLOv8, YOLO11, YOLOv10 and their kin, with or without masks.

Checkpoints are read by Ultralytics' restricted loader (weights_only, a list of known classes):
one that asks for anything else is refused.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import numpy as np

from engine.errors import Misconfigured
from engine.jobs.export_onnx import Array, Plan, Request, bad_weights, no_weights, prepared
from engine.jobs.export_onnx import largest_difference as largest
from engine.types import Rgb

_SIDE = 640
_CHANCE = 1e-5  # scores closer than that may change places
_LICENCE = "AGPL-3.0"
_TASKS = ("detect", "segment")
_UNREADABLE = (
    *(AttributeError, LookupError, OSError, RuntimeError),
    *(TypeError, UnpicklingError, ValueError),
)


def knows(name: str) -> bool:
    """Whether it is called like a model of Ultralytics."""
    return name.lower().startswith("yolo")


def plans(request: Request) -> list[Plan]:
    """The one plan; raises Misconfigured where weights are missing or no detector's."""
    file = request.checkpoint or _fetched(request.name)
    try:
        network = _read(file)
    except _UNREADABLE as error:
        raise bad_weights(request.name, file, error) from error
    notes = request.notes(_LICENCE, "Ultralytics")
    return [detector(request.name, network, notes, request.photos)]


def detector(name: str, network: Any, notes: dict[str, object], photos: Sequence[Rgb]) -> Plan:
    """A plan for a network that finds boxes; raises Misconfigured where it does something else."""
    if network.task not in _TASKS:
        raise Misconfigured(f"{name} is a model to {network.task}; known: {', '.join(_TASKS)}")
    for layer in network.modules():
        if hasattr(layer, "recompute_scale_factor"):
            layer.recompute_scale_factor = None  # older checkpoints lack it
    head = network.model[-1]
    alone = getattr(head, "one2one_cv2", None) is not None
    if alone:
        head.end2end = True  # its own answer to double boxes, instead of NMS
    network = network.float().eval().fuse(verbose=False)
    head.export, head.format = True, "onnx"
    masks = network.task == "segment"
    fields = notes | {
        "input": "pixels",
        "output": "boxes",
        "size": (_SIDE, _SIDE),
        "resize": "letterbox",
        "mean": (0.0, 0.0, 0.0),
        "std": (1.0, 1.0, 1.0),
        "head": "end-to-end" if alone else "yolo",
        "classes": tuple(network.names[number] for number in sorted(network.names)),
        **({"masks": "masks"} if masks else {}),
    }
    return Plan(
        name,
        "detector",
        fields,
        network,
        prepared(photos, fields),
        outputs=("boxes", "masks") if masks else ("boxes",),
        difference=_of_rows if alone else largest,
    )


def _of_rows(wanted: Array, given: Array) -> float:
    """As `largest_difference`, of boxes (n, k, 6) in whatever order.

    Which of two equally sure boxes comes first, and which is the last to be listed, is chance:
    scores are compared by rank, each box with whatever box comes closest.
    """
    if wanted.ndim != 3 or wanted.shape != given.shape:
        return largest(wanted, given)
    ranks = largest(np.sort(wanted[:, :, 4]), np.sort(given[:, :, 4]))
    return max([ranks, *map(_rows_apart, wanted, given)])


def _rows_apart(wanted: Array, given: Array) -> float:
    listed = wanted[wanted[:, 4] > wanted[:, 4].min() + _CHANCE]
    scale = np.maximum(1, np.abs(listed))[:, None]
    apart = (np.abs(listed[:, None] - given[None]) / scale).max(axis=2)
    return float(apart.min(axis=1).max(initial=0))


def _read(file: Path) -> Any:
    _stay_offline()
    # They read the environment.
    from ultralytics.nn.tasks import guess_model_task, torch_safe_load  # noqa: PLC0415

    checkpoint, _ = torch_safe_load(str(file), safe_only=True)
    network = checkpoint.get("ema") or checkpoint["model"]
    if not hasattr(network, "fuse"):
        raise TypeError("it holds no network")
    network.task = guess_model_task(network)
    return network


def _fetched(name: str) -> Path:
    """Fetch weights into the folder where Ultralytics keeps its own."""
    os.environ.setdefault("YOLO_AUTOINSTALL", "false")
    from ultralytics.utils import SETTINGS  # noqa: PLC0415
    from ultralytics.utils.downloads import attempt_download_asset  # noqa: PLC0415

    try:
        file = Path(attempt_download_asset(Path(SETTINGS["weights_dir"], f"{name}.pt")))
    except (OSError, RuntimeError) as error:
        raise no_weights(name, error) from error
    if not file.is_file():
        raise no_weights(name, "Ultralytics publishes no such model")
    return file


def _stay_offline() -> None:
    """Reading a file is no reason to call home or to install anything."""
    os.environ.update(YOLO_OFFLINE="true", YOLO_AUTOINSTALL="false")
