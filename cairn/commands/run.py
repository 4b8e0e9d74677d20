"""`cairn run`: the service, over a folder or over Kafka."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from cairn.compose import means_of, store_at
from cairn.devices import tell_devices
from cairn.extras import extra
from cairn.folder_run import ONE_SCOPE, STATE_FILE, FolderJob, lines_in, run_folder
from cairn.kafka_run import nobody_looks, run_kafka
from cairn.logs import start_logging
from cairn.observers import Gauges, Sink
from cairn.options import Config, Encoder, Host, Port, Profile, Workers, settings_of
from cairn.sections import Settings
from cairn.watch import Watch, watching
from consumer.loop import Observer
from consumer.shard import Shard
from engine.errors import Misconfigured, Stopped

if TYPE_CHECKING:
    from cairn.live import Live


Source: TypeAlias = Annotated[
    Path | None, typer.Option("--source", metavar="DIR", help="Folder to read and watch.")
]
FromKafka: TypeAlias = Annotated[
    str | None, typer.Option("--kafka", metavar="HOST:PORT", help="Kafka to read from.")
]
Once: TypeAlias = Annotated[
    bool, typer.Option("--once", help="End when the folder has been read; do not watch.")
]
Scope: TypeAlias = Annotated[str, typer.Option("--scope", help="Scope of the folder's photos.")]
ScopePerFolder: TypeAlias = Annotated[
    bool, typer.Option("--scope-per-folder", help="One scope for each first sub-folder.")
]
State: TypeAlias = Annotated[
    Path | None, typer.Option("--state", help="Directory that holds what must survive.")
]
Serve: TypeAlias = Annotated[
    bool, typer.Option("--serve", help="Serve page and API meanwhile (extra `[serve]`).")
]
View: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--view", metavar="URL", help="Database of --serve; default: view.sqlite in the state."
    ),
]


def run(
    source: Source = None,
    kafka: FromKafka = None,
    once: Once = False,
    scope: Scope = ONE_SCOPE,
    scope_per_folder: ScopePerFolder = False,
    state: State = None,
    profile: Profile = None,
    encoder: Encoder = None,
    workers: Workers = None,
    serve: Serve = False,
    view: View = None,
    host: Host = None,
    port: Port = None,
    config: Config = None,
) -> None:
    """Cluster photos as they come, until stopped; stop it any way you like, and start it again.

    From a folder: state, events.jsonl and rejected.jsonl lie in the state directory. From
    Kafka: topics PREFIX.images in, PREFIX.events, PREFIX.clusters, PREFIX.dead-letters out.
    With --serve, what happens can be watched and corrected in a browser.

    Example: cairn run --source inbox/ --serve
    """
    settings = settings_of(
        config,
        engine__profile=profile,
        engine__encoder=encoder,
        engine__workers=workers,
        kafka__bootstrap=kafka,
        state__directory=None if state is None else str(state),
        serve__host=host,
        serve__port=port,
    )
    start_logging(settings.log)
    wanted = None if scope_per_folder else scope
    left = settings.state.directory
    job = None if source is None else FolderJob(source, wanted, watch=not once, commands=left)
    if job is None and (once or wanted != ONE_SCOPE):
        raise Misconfigured("--once, --scope and --scope-per-folder go with --source DIR")
    if job is not None and kafka is not None:
        raise Misconfigured("give --source DIR or --kafka HOST:PORT, not both")
    if once and serve:
        raise Misconfigured("give --once or --serve, not both: a page lasts until it is stopped")
    if not serve and (view, host, port) != (None, None, None):
        raise Misconfigured("--view, --host and --port go with --serve")
    work(settings, job, Shown(serve, view))


@dataclass(frozen=True, slots=True)
class Shown:
    """Whether a page is served, and of which view; None: of the worker's own."""

    serve: bool
    view: str | None = None


def work(settings: Settings, job: FolderJob | None, shown: Shown) -> None:
    """Run the folder, or Kafka where there is none, until the end or a signal."""
    if job is None and settings.kafka.bootstrap is None:
        raise Misconfigured("nothing to read: give --source DIR or --kafka HOST:PORT")
    with stopping() as stop, watching(settings.metrics, stop) as watch:
        live = _live(settings, shown.view, stop) if shown.serve else None
        if job is not None:
            _run_folder(settings, job, watch, live)
            return
        with suppress(Stopped):
            run_kafka(settings, watch, nobody_looks if live is None else live.beside_kafka)


def _live(settings: Settings, url: str | None, stop: threading.Event) -> Live:
    with extra("serve", "serving"):
        from cairn.live import Live  # noqa: PLC0415  needs the extra
    return Live(settings, url, stop)


def _run_folder(settings: Settings, job: FolderJob, watch: Watch, live: Live | None = None) -> None:
    directory = settings.state.directory
    means = means_of(settings)
    metrics = watch.metrics
    sink = lines_in(directory)
    with suppress(Stopped), ExitStack() as opened:
        store = opened.enter_context(closing(store_at(directory / STATE_FILE, means)))
        tell_devices(means.eyes, metrics)
        started = time.monotonic()

        def observe(shard: Shard) -> list[Observer]:
            gauges = Gauges(metrics, lambda: [shard.book])
            metrics.restored(time.monotonic() - started)
            gauges.count_clusters()
            sink.catch_up(store.outcomes(), store.rejections())
            watch.ready()
            return [Sink(sink), gauges]

        if live is None:
            run_folder(settings, means, job, store, observe, watch.turn)
            return
        beside = live.beside_folder(job, store, means)
        hand_over = opened.enter_context(beside)

        def turn() -> bool:
            hand_over()
            return watch.turn()

        run_folder(settings, means, job, store, observe, turn)


@contextmanager
def stopping() -> Iterator[threading.Event]:
    """An event that SIGTERM and Ctrl-C set: the batch in hand is finished, then the loop ends."""
    stop = threading.Event()
    numbers = (signal.SIGTERM, signal.SIGINT)
    before = {number: signal.signal(number, lambda *_: stop.set()) for number in numbers}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
