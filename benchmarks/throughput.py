"""How many photos a second, beside what the models alone would allow; and whether memory grows.

    python -m benchmarks.throughput [--photos 128] [--workers N] [--rounds 3] [-o FILE]
    python -m benchmarks.throughput --memory 5000

YOLOv8n finds the main object of each photo of COCO (640 px), a model as large as CLIP's ViT-B/32
embeds it, profile `object`. End to end is `cairn cluster`: read, decode, find, embed, decide,
commit. Bare is the same number of runs of both models on tensors that lie ready, in as many
threads. Rounds of both take turns, since other work on the machine slows both; the efficiency is
that of the medians. Where models run on a GPU, the floors that decoding, copying and arithmetic
set are told as well.
"""

from __future__ import annotations

import argparse
import gc
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path

import numpy as np
from rich.console import Console

from benchmarks.growth import resident_bytes
from benchmarks.report import description, machine, publish, table
from benchmarks.sight import open_sight, photos
from benchmarks.targets import at_least, at_most, targets_table
from cairn.collector import spare_survivors
from cairn.compose import Means, limits_of, preparing, profile_of
from cairn.devices import threads_for
from cairn.eyes import Eyes
from cairn.folder_run import FolderJob
from cairn.one_shot import cluster_folder
from cairn.sections import Engine, Guards, Settings
from cairn.timing import TimedVerifier
from engine.types import Origin, Photo
from engine.vision.decode import decode
from engine.vision.onnx_encoder import OnnxEncoder
from engine.vision.session import Session

CPU_TARGET, GPU_TARGET = 0.85, 0.7
MOST_GROWTH = 0.02
BATCH = 16
FLOPS = 8.7e9 + 8.7e9
"""Of one photo: YOLOv8n at 640 px, and ViT-B/32."""
COPIED = 4 * 3 * (640**2 + 224**2)
"""Bytes of one photo's tensors."""


@dataclass(frozen=True, slots=True)
class Round:
    """Seconds on the clock and of processors, for all photos; stages: of processors, by stage."""

    bare: float
    bare_cpu: float
    whole: float
    whole_cpu: float
    stages: dict[str, float]


def measure(count: int, workers: int, rounds: int) -> tuple[str, int, list[Round]]:
    """Device, threads, and what the rounds took."""
    detector, encoder, eyes = open_sight()
    settings = Settings(engine=Engine(profile="object", workers=workers, batch_size=BATCH))
    means = _means(eyes)
    threads = threads_for(settings.engine, eyes)
    with tempfile.TemporaryDirectory() as scratch:
        job = FolderJob(_folder(Path(scratch), count))
        bare(detector, encoder, threads, threads)  # warm
        return (
            encoder.session.device,
            threads,
            [_round(settings, means, job, (detector, encoder), threads) for _ in range(rounds)],
        )


def _means(eyes: Eyes) -> Means:
    verifier = TimedVerifier(eyes.verifier, time.thread_time)
    return Means(profile_of("object", {}), eyes, verifier)


def _round(
    settings: Settings,
    means: Means,
    job: FolderJob,
    models: tuple[Session, OnnxEncoder],
    threads: int,
) -> Round:
    count = sum(1 for _ in job.directory.iterdir())
    alone, alone_cpu = bare(*models, threads, count)
    done = cluster_folder(settings, means, job, Console(quiet=True))
    return Round(alone, alone_cpu, done.wall_s, done.cpu_s, dict(done.stages))


def bare(detector: Session, encoder: OnnxEncoder, threads: int, count: int) -> tuple[float, float]:
    """Seconds on the clock and of processors for `count` runs of both models."""
    rng = np.random.default_rng(0)
    large = rng.random((1, 3, 640, 640), np.float32)
    small = rng.random((1, 3, 224, 224), np.float32)

    def both(_: int) -> None:
        detector.run("output0", {"images": large})
        encoder.session.run("features", {"pixels": small})

    started, started_cpu = time.monotonic(), time.process_time()
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(both, range(count)))
    return time.monotonic() - started, time.process_time() - started_cpu


def _folder(scratch: Path, count: int) -> Path:
    """So many photos, with some twice where there are too few."""
    folder = scratch / "photos"
    folder.mkdir()
    for number, path in enumerate(islice(cycle(photos()), count)):
        shutil.copyfile(path, folder / f"{number:06}-{path.name}")
    return folder


def efficiency(rounds: Sequence[Round], choose: Callable[[Round], tuple[float, float]]) -> float:
    """Median over the rounds of bare seconds to whole ones."""
    return statistics.median(alone / whole for alone, whole in map(choose, rounds))


def report(count: int, device: str, threads: int, rounds: Sequence[Round]) -> str:
    """Everything measured, as Markdown."""
    wall = efficiency(rounds, lambda one: (one.bare, one.whole))
    cpu = efficiency(rounds, lambda one: (one.bare_cpu, one.whole_cpu))
    middle = sorted(rounds, key=lambda one: one.whole)[len(rounds) // 2]
    rows = [
        ("bare runs of the models", *_rate(count, middle.bare, middle.bare_cpu)),
        ("end to end", *_rate(count, middle.whole, middle.whole_cpu)),
        *((f"of it {name}", "", f"{1000 * s / count:.1f}") for name, s in middle.stages.items()),
    ]
    target = CPU_TARGET if device == "cpu" else GPU_TARGET
    figures = [at_least(f"photos/s end to end / bare, on {device}", target, wall)]
    return "\n\n".join(
        [
            f"# Throughput\n\n{machine()}; {count} photos, {threads} threads, models on {device}.",
            table(("", "photos/s", "ms of processors a photo"), rows),
            f"Efficiency by processor seconds alone: {cpu:.2f}.",
            targets_table(figures),
        ]
    )


def _rate(count: int, seconds: float, cpu: float) -> tuple[str, str]:
    return f"{count / seconds:.2f}", f"{1000 * cpu / count:.1f}"


def floors(data: Sequence[bytes], copied_per_s: float, flops_per_s: float) -> str:
    """Photos a second that decoding, copying to the GPU and arithmetic each allow, as Markdown."""
    started = time.process_time()
    for one in data:
        decode(one, limits_of(Guards()))
    decoding = (os.cpu_count() or 1) * len(data) / (time.process_time() - started)
    allowed = {
        "decoding on all cores": decoding,
        f"copying at {copied_per_s / 1e9:g} GB/s": copied_per_s / COPIED,
        f"arithmetic at {flops_per_s / 1e12:g} TFLOPS": flops_per_s / FLOPS,
    }
    return table(("floor", "photos/s"), [(name, f"{rate:.0f}") for name, rate in allowed.items()])


def memory(count: int, workers: int, step: int) -> str:
    """Resident memory after every `step` photos that went through the pipeline, as Markdown."""
    _, _, eyes = open_sight()
    settings = Settings(engine=Engine(profile="object", workers=workers, batch_size=BATCH))
    means = _means(eyes)
    seen: list[tuple[int, int]] = []
    stream = _stream()
    with preparing(settings, means) as prepare:
        for start in range(0, count, BATCH):
            done = min(start + BATCH, count)
            prepare(list(islice(stream, done - start))).result()
            if done // step > start // step:
                gc.collect()
                seen.append((done, resident_bytes()))
                print(f"{done} photos: {seen[-1][1] / 1e6:.0f} MB", flush=True)
    grown = seen[-1][1] / seen[0][1] - 1
    rows = [(str(photos), f"{used / 1e6:.0f}") for photos, used in seen]
    figure = at_most(f"growth from {seen[0][0]} to {seen[-1][0]} photos", MOST_GROWTH, grown)
    return f"{table(('photos', 'resident, MB'), rows)}\n\n{targets_table([figure])}"


def _stream() -> Iterator[Photo]:
    paths = photos()
    for number, path in enumerate(cycle(paths)):
        name = f"{number}-{path.name}"
        yield Photo(name, "benchmark", Origin(f"file:{name}", 0, number), path.read_bytes())


def main() -> None:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(description=description(__doc__))
    parser.add_argument("--photos", type=int, default=128, help="photos a round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workers", type=int, default=0, help="threads; 0 as `cairn` chooses")
    parser.add_argument("--memory", type=int, metavar="N", help="memory over N photos instead")
    parser.add_argument("--step", type=int, default=500, help="photos between looks at memory")
    parser.add_argument("--copied", type=float, default=25e9, help="bytes/s to the GPU")
    parser.add_argument("--flops", type=float, default=60e12, help="of the GPU in float32")
    parser.add_argument("-o", "--output", type=Path, help="write the Markdown here as well")
    chosen = parser.parse_args()
    spare_survivors()
    if chosen.memory:
        publish(memory(chosen.memory, chosen.workers, chosen.step), chosen.output)
        return
    device, threads, rounds = measure(chosen.photos, chosen.workers, chosen.rounds)
    text = report(chosen.photos, device, threads, rounds)
    if device == "cuda":
        data = [path.read_bytes() for path in photos()]
        text = f"{text}\n\n{floors(data, chosen.copied, chosen.flops)}"
    publish(text, chosen.output)


if __name__ == "__main__":
    main()
