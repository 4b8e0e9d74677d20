"""`cairn produce`: photos of a folder, a video or a camera into Kafka."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Annotated, TypeAlias

import typer
from rich.console import Console
from rich.markup import escape

from cairn.folder_run import ONE_SCOPE, FolderJob, photo_folder
from cairn.kafka_run import broker_of, layout_of, publishing
from cairn.logs import start_logging
from cairn.one_shot import progress_bar
from cairn.options import Config, Labels, settings_of
from consumer.topics import ensure_topics
from engine.errors import BadImage, Misconfigured
from engine.types import Photo, Rejection
from producer.labels import read_labels
from producer.publish import KafkaPublisher, open_publisher, record_of
from producer.reference import Uris, by_reference, uris_below, uris_on_disk
from producer.video import LiveCamera, Sampling, file_frames, is_live

Reference: TypeAlias = Annotated[
    bool, typer.Option("--by-reference", help="Send URIs and hashes instead of the bytes.")
]
UriPrefix: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--uri-prefix", metavar="URL", help="Send by reference to this + relative path, not file://"
    ),
]


def produce(
    source: Annotated[
        str, typer.Argument(metavar="PATH|URL", help="Folder, video file or rtsp://… stream.")
    ],
    kafka: Annotated[
        str | None, typer.Option("--kafka", metavar="HOST:PORT", help="Kafka to write to.")
    ] = None,
    scope: Annotated[str, typer.Option("--scope", help="Scope of every photo.")] = ONE_SCOPE,
    scope_per_folder: Annotated[
        bool, typer.Option("--scope-per-folder", help="One scope for each first sub-folder.")
    ] = False,
    every: Annotated[
        float, typer.Option("--every", metavar="SECONDS", help="Between two frames of a video.")
    ] = 1.0,
    record: Annotated[
        Path, typer.Option("--record", help="File that notes what was sent; a restart goes on.")
    ] = Path("cairn-produced.txt"),
    reference: Reference = False,
    uri_prefix: UriPrefix = None,
    labels: Labels = None,
    config: Config = None,
) -> None:
    """Send photos in order of capture, with their EXIF time and place, each acknowledged.

    By reference only the URI and the SHA-256 of a file are sent: for photos too large for a
    message. Workers read what their setting `fetch.allow` lists.

    Example: cairn produce photos/ --kafka localhost:9092 --scope site-7
    """
    settings = settings_of(config, kafka__bootstrap=kafka)
    start_logging(settings.log)
    if settings.kafka.bootstrap is None:
        raise Misconfigured("no Kafka to write to: give --kafka HOST:PORT")
    wanted = None if scope_per_folder else scope
    truth = {} if labels is None else read_labels(labels)
    job = FolderJob(Path(source), wanted, labels=truth)
    uris = _uris(source, uri_prefix) if reference or uri_prefix else None
    sampling = Sampling(scope, every)
    photos, total = _photos(source, job, sampling, settings.guards.max_bytes, uris)
    if settings.kafka.create_topics:
        ensure_topics(broker_of(settings.kafka), layout_of(settings.kafka))
    with (
        closing(record_of(record, live=is_live(source))) as acknowledged,
        closing(open_publisher(publishing(settings.kafka, "images"), acknowledged)) as publisher,
    ):
        _send(photos, total, publisher, Console(stderr=True))


def _uris(source: str, prefix: str | None) -> Uris:
    """Where the files of a folder are found; raises Misconfigured for anything but a folder."""
    if not Path(source).is_dir():
        raise Misconfigured(f"{source} is no folder: only files can be sent by reference")
    return uris_below(prefix, Path(source)) if prefix else uris_on_disk


def _photos(
    source: str, job: FolderJob, sampling: Sampling, max_bytes: int, uris: Uris | None
) -> tuple[Iterator[Photo | Rejection | None], int | None]:
    """What is to be sent, and how much of it there is, None where nobody knows."""
    if is_live(source):
        return LiveCamera(source, sampling, time.time, time.sleep).frames(), None
    if job.directory.is_file():
        return file_frames(job.directory, sampling), None
    folder = photo_folder(job, max_bytes)
    files = folder.in_order(folder.find())
    if not files:
        raise Misconfigured(f"{source} holds no photos (JPEG, PNG, WebP)")
    read = by_reference(folder.read, uris) if uris else folder.read
    return map(read, files), len(files)


def _send(
    photos: Iterator[Photo | Rejection | None],
    total: int | None,
    publisher: KafkaPublisher,
    console: Console,
) -> None:
    counts: Counter[str] = Counter()
    with progress_bar(console) as progress:
        for photo in progress.track(photos, total=total, description="sending"):
            try:
                counts[_offer(photo, publisher)] += 1
            except BadImage as error:
                counts["refused"] += 1
                progress.console.print(f"[yellow]not sent[/] {escape(error.detail)}")
        publisher.flush()
    console.print(
        f"{counts['sent']} photos sent, {counts['known']} had been sent before, "
        f"{counts['refused']} refused"
    )


def _offer(photo: Photo | Rejection | None, publisher: KafkaPublisher) -> str:
    """Send one photo: `sent`, `known` or, where its file is gone, `vanished`."""
    if photo is None:
        return "vanished"
    if isinstance(photo, Rejection):
        raise BadImage(photo.reason, f"{photo.image_id}: {photo.detail}")
    return "sent" if publisher.send(photo) else "known"
