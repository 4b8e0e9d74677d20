"""What Ultralytics itself finds, as JSON: the reference that our own detector is held against.

    .venv-export/bin/python benchmarks/ultralytics_boxes.py MODEL.pt DIRECTORY BOXES.json

Runs in the environment for exports (`make export-env`), without anything of ours. For every photo
of the directory: left, top, right, bottom, score and class of every detection. Each photo is
padded to a square, as the exported model wants it (`rect=False`).
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from pathlib import Path

CONFIDENCE, IOU, SIDE = 0.25, 0.7, 640


def main(model: str, directory: str, output: str) -> None:
    """Write the file."""
    os.environ |= {"YOLO_OFFLINE": "true", "YOLO_AUTOINSTALL": "false"}
    network = importlib.import_module("ultralytics").YOLO(model)
    found = {}
    for photo in sorted(Path(directory).rglob("*.jpg")):
        (result,) = network.predict(
            str(photo),
            conf=CONFIDENCE,
            iou=IOU,
            imgsz=SIDE,
            rect=False,
            device="cpu",
            verbose=False,
        )
        rows = zip(result.boxes.xyxy, result.boxes.conf, result.boxes.cls, strict=True)
        found[photo.relative_to(directory).as_posix()] = [
            [*map(float, box), float(score), result.names[int(number)]]
            for box, score, number in rows
        ]
    Path(output).write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
