"""What models bring: detections against Ultralytics' own, masks, enlarging, cutting out.

    python -m benchmarks.models [--sections detector masks small background] [--orders 5]
                                [--upscaler FILE] [--export-python FILE] [-o models.md]

`detector` needs the environment for exports (`make export-env`), `small` a super-resolution
model besides Lanczos where one is named. Everything else needs the shared development data and
models alone ($CAIRN_SHARED, default ../shared).
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from benchmarks.detectors import (
    Remembering,
    detector_for,
    matched,
    own_boxes,
    reference_boxes,
)
from benchmarks.features import WHOLE
from benchmarks.judged import Judged, measure
from benchmarks.local import local_for
from benchmarks.report import description, machine, publish, table, verdicts_kept
from benchmarks.streams import load_stream
from benchmarks.targets import at_least, targets_table
from cairn.models import open_upscaler
from engine.ports import Framing
from engine.vision.background import Cutout
from engine.vision.classes import MOVABLE, chosen_classes
from engine.vision.crops import MainObject
from engine.vision.masks import Masked
from engine.vision.upscale import Enlarged, Lanczos

_HEADER = ("stream", "encoder", "items", "P", "R", "B-cubed F", "worst F", "offline, best")
_LEAST_MATCHED = 0.99


def detector(chosen: argparse.Namespace) -> str:
    """Our boxes against Ultralytics' own."""
    if not chosen.export_python.is_file():
        return f"Left out: there is no {chosen.export_python} (make export-env)."
    ours, theirs = own_boxes(), reference_boxes(chosen.export_python)
    rows, figures = [], []
    for title, one, other in (
        ("Ultralytics' detections that we have too", theirs, ours),
        ("our detections that Ultralytics has too", ours, theirs),
    ):
        match = matched(one, other)
        rows.append([title, str(match.count), f"{match.share:.3f}"])
        figures.append(at_least(title, _LEAST_MATCHED, match.share))
    counted = table((f"{len(ours)} photos, score ≥ .4, IoU ≥ .95", "detections", "share"), rows)
    return f"{counted}\n\n{targets_table(figures)}"


def masks(chosen: argparse.Namespace) -> str:
    """Places with masks on and off."""
    ways: dict[str, Framing] = {"whole": WHOLE}
    for name, title in (("yolov8n", "boxes"), ("yolov8n-seg", "masks")):
        model = detector_for(name)
        classes = chosen_classes((MOVABLE,), model.classes)
        found = Remembering(model)
        ways[f"{title}, mean colour"] = Masked(found, classes, "mean")
        ways[f"{title}, blurred"] = Masked(found, classes, "blur")
    streams = ("places_multiview", "places_gps")
    return _compared(streams, ("builtin", "mobilenetv2"), ways, chosen.orders)


def small(chosen: argparse.Namespace) -> str:
    """Small images as they are and enlarged."""
    ways: dict[str, Framing] = {"whole": WHOLE, "Lanczos x3": Enlarged(WHOLE, Lanczos())}
    if chosen.upscaler is not None:
        model = open_upscaler(str(chosen.upscaler), Path("models"))
        ways["super-resolution"] = Enlarged(WHOLE, model)
    streams = ("lowres_cifar10", "lowres_coil20")
    return _compared(streams, ("mobilenetv2",), ways, chosen.orders)


def background(chosen: argparse.Namespace) -> str:
    """Products with and without their background, and their main object alone."""
    model = detector_for("yolov8n")
    main = MainObject(Remembering(model), tuple(model.classes))
    ways = {
        "whole": WHOLE,
        "whole, cut out": Cutout(WHOLE),
        "main object": main,
        "main object, cut out": Cutout(main),
    }
    streams = ("products_grocery", "products_clothing")
    return _compared(streams, ("mobilenetv2",), ways, chosen.orders)


def _compared(
    streams: Sequence[str], encoders: Sequence[str], ways: Mapping[str, Framing], orders: int
) -> str:
    rows = [
        _row(stream, encoder, way, _judged(stream, encoder, framing, orders))
        for stream in streams
        for encoder in encoders
        for way, framing in ways.items()
    ]
    return table(_HEADER, rows)


def _judged(stream: str, encoder: str, framing: Framing, orders: int) -> Judged:
    local = local_for("sift")
    with verdicts_kept(local, framing) as verdicts:
        samples = load_stream(stream, encoder, local.extractor, framing=framing)
        return measure(samples, orders, verdicts).judged[0]


def _row(stream: str, encoder: str, way: str, judged: Judged) -> list[str]:
    precision = judged.mean(lambda score: score.bcubed.precision)
    recall = judged.mean(lambda score: score.bcubed.recall)
    figures = (precision, recall, judged.score, judged.worst, judged.best)
    row = [stream, encoder, way, *(f"{figure:.3f}" for figure in figures)]
    print(*row, flush=True)
    return row


SECTIONS: Mapping[str, Callable[[argparse.Namespace], str]] = {
    "detector": detector,
    "masks": masks,
    "small": small,
    "background": background,
}


def report(chosen: argparse.Namespace) -> Iterator[str]:
    """Every section chosen, as Markdown."""
    yield f"B-cubed F, mean of {chosen.orders} orders of arrival, {machine()}."
    for name in chosen.sections:
        section = SECTIONS[name]
        yield f"### {description(section.__doc__)}\n\n{section(chosen)}"


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=description(__doc__))
    parser.add_argument("--sections", nargs="+", choices=SECTIONS, default=list(SECTIONS))
    parser.add_argument("--orders", type=int, default=5)
    parser.add_argument("--upscaler", type=Path, help="a card or an ONNX file with a card beside")
    parser.add_argument("--export-python", type=Path, default=Path(".venv-export/bin/python"))
    parser.add_argument("-o", "--output", type=Path, help="write the Markdown here as well")
    chosen = parser.parse_args()
    publish("\n\n".join(report(chosen)), chosen.output)


if __name__ == "__main__":
    main()
