"""`cairn cluster`: a folder in, result JSON out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from cairn.compose import Means, means_of
from cairn.files import check_writable, write_file
from cairn.folder_run import FolderJob
from cairn.one_shot import Finished, cluster_folder
from cairn.options import Config, Encoder, Labels, Profile, Workers, settings_of
from cairn.report import cluster_table, refusal_lines, scores_table, share_table
from cairn.sheet import write_sheet
from exporters.jsonl import rejection_row
from exporters.result import result_json
from producer.labels import read_labels


def cluster(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Photos, in any sub-folders.")],
    output: Annotated[Path, typer.Option("-o", "--output", metavar="FILE", help="Result JSON.")],
    profile: Profile = None,
    encoder: Encoder = None,
    labels: Labels = None,
    shuffle: Annotated[
        int | None, typer.Option("--shuffle", metavar="SEED", help="Another order of arrival.")
    ] = None,
    html: Annotated[
        Path | None,
        typer.Option("--html", metavar="FILE", help="Also write a contact sheet of the clusters."),
    ] = None,
    workers: Workers = None,
    config: Config = None,
) -> None:
    """Stream a folder through the engine, photo by photo, and write where each one lies.

    The order is that of capture; photos without a time follow by name. File and folder names
    are never evidence. Refused files go to OUTPUT.rejected.jsonl, with the reason.

    Example: cairn cluster photos/ -o result.json --html sheet.html
    """
    settings = settings_of(
        config, engine__profile=profile, engine__encoder=encoder, engine__workers=workers
    )
    truth = {} if labels is None else read_labels(labels)
    for path in filter(None, (output, html)):
        check_writable(path)
    means = means_of(settings)
    console = Console(stderr=True)
    job = FolderJob(directory, shuffle_seed=shuffle, labels=truth)
    finished = cluster_folder(settings, means, job, console)
    written = write_result(finished, output)
    if html is not None:
        write_sheet(html, finished.shown, means, directory)
        written.append(html)
    report(finished, means, console)
    console.print("wrote", *map(str, written), markup=False, highlight=False, soft_wrap=True)


def write_result(finished: Finished, output: Path) -> list[Path]:
    """Write the result and, where something was refused, what and why; the files written."""
    rejected = rejected_beside(output)
    write_file(output, result_json(finished.placements))
    if not finished.rejections:
        rejected.unlink(missing_ok=True)
        return [output]
    rows = [rejection_row(rejection) + b"\n" for rejection in finished.rejections]
    write_file(rejected, b"".join(rows))
    return [output, rejected]


def rejected_beside(output: Path) -> Path:
    """Where a result's refused photos are told."""
    return Path(f"{output}.rejected.jsonl")


def report(finished: Finished, means: Means, console: Console) -> None:
    """Print clusters, cost and, where labels are known, how right it is."""
    if finished.placements:
        console.print(cluster_table(finished.placements))
        console.print(share_table(finished.stages, finished.cpu_s))
    else:
        console.print("no photo could be clustered: the result is empty", style="yellow")
    rate = finished.photos / finished.wall_s
    each = finished.verifications / max(1, len(finished.placements))
    console.print(
        f"{finished.photos} photos in {finished.wall_s:.1f} s: {rate:.1f} images/s, "
        f"{each:.1f} verifications a photo, profile {means.profile.name}, "
        f"encoder {means.eyes.encoder.identity}"
    )
    for line in refusal_lines(finished.rejections):
        console.print(line, soft_wrap=True)
    if finished.scores is not None:
        console.print(scores_table(finished.scores))
