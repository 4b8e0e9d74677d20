"""Embed the photos of a state anew: from a folder, into a new state directory, whole or not at all.

Three passes, so that nothing is begun that cannot be ended: hash every file of the folder, see
that every photo of the state is among them, then embed and write. The old state is only read.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from cairn.compose import means_of, preparing, store_at
from cairn.folder_run import FolderJob, photo_folder
from cairn.one_shot import progress_bar
from cairn.report import printable
from cairn.sections import Settings
from consumer.loop import Prepare
from engine.errors import Misconfigured
from engine.jobs.reembed import Wanted, chunks, own_photo, reembed
from engine.sight import Prepared
from engine.types import Origin, Photo, Rejection
from state.identity import parse
from state.survey import StateFile


@dataclass(frozen=True, slots=True)
class Library:
    """The photos of a folder. files: by the SHA-256 of what is in them. names: relative paths."""

    directory: Path
    files: Mapping[str, Path]
    names: frozenset[str]

    def lacks(self, wanted: Wanted) -> str | None:
        """What became of a photo, in words; None where it is here as it was."""
        if wanted.content_hash in self.files:
            return None
        there = wanted.image_id in self.names
        return f"{'changed' if there else 'missing'}: {wanted.image_id}"

    def read(self, wanted: Wanted) -> Photo:
        """A photo as the pipeline takes it; raises Misconfigured where it has vanished."""
        path = self.files[wanted.content_hash]
        try:
            data = path.read_bytes()
        except OSError as error:
            raise Misconfigured(f"cannot read {path}: {error.strerror}") from error
        return Photo(wanted.image_id, wanted.scope, Origin(f"file:{path}", 0, 0), data)


def reembedded(
    states: Sequence[StateFile], images: Path, target: Path, settings: Settings, console: Console
) -> str:
    """Write a new state directory for the encoder of the settings; the identity it has.

    Raises Misconfigured where `target` exists, a photo is not in the folder or cannot be read;
    nothing is left behind then.
    """
    if target.exists():
        raise Misconfigured(f"{target} exists already: give another place with -o")
    with progress_bar(console) as progress:
        library = _library(images, settings.guards.max_bytes, progress)
        _check_complete(states, library, progress.console)
        try:
            with tempfile.TemporaryDirectory(dir=target.parent, prefix=".reembedding-") as scratch:
                staged = Path(scratch, target.name)
                for state in states:
                    identity = _write(state, staged, library, settings, progress)
                staged.rename(target)
        except OSError as error:
            raise Misconfigured(f"cannot write {target}: {error.strerror}") from error
    return identity


def _library(images: Path, max_bytes: int, progress: Progress) -> Library:
    found = photo_folder(FolderJob(images), max_bytes).find()
    small = [file for file in found if file.size <= max_bytes]
    files = {}
    for file in progress.track(small, description="looking"):
        try:
            with file.path.open("rb") as stream:
                files[hashlib.file_digest(stream, "sha256").hexdigest()] = file.path
        except OSError as error:
            progress.console.print(printable(f"skipped {file.name}: {error.strerror}"))
    return Library(images, files, frozenset(file.name for file in found))


def _check_complete(states: Sequence[StateFile], library: Library, console: Console) -> None:
    """Name every photo of the state that the folder lacks; raises Misconfigured where one is."""
    lacking = 0
    for state in states:
        for photo in filter(None, map(own_photo, state.store.outcomes())):
            if fault := library.lacks(photo):
                lacking += 1
                console.print(printable(fault), soft_wrap=True)
    if lacking:
        raise Misconfigured(
            f"{lacking} photos of the state are not in {library.directory} as they were: put them "
            "there, under any name; nothing was written"
        )


def _write(
    state: StateFile, directory: Path, library: Library, settings: Settings, progress: Progress
) -> str:
    """Write the re-embedded copy of one state file into a directory; its identity."""
    means = means_of(_with_profile_of(state, settings))
    step = settings.engine.batch_size
    task = progress.add_task("embedding", total=state.counts()["outcomes"])
    with (
        preparing(settings, means) as prepare,
        closing(store_at(directory / state.path.name, means)) as new,
    ):
        look = _looking(library, prepare, step)
        dim = means.eyes.encoder.dim
        for count in reembed(state.store, new, state.positions(), look, dim, step):
            progress.advance(task, count)
    return means.identity


def _with_profile_of(state: StateFile, settings: Settings) -> Settings:
    """The settings with the profile that the state was made with: clusters keep their meaning."""
    identity = parse(state.identity)
    if identity is None:
        raise Misconfigured(
            f"{state.path} was made with {state.identity!r}: which profile that is nobody can "
            "tell; start over with another state directory"
        )
    engine = settings.engine.model_copy(update={"profile": identity.profile})
    return settings.model_copy(update={"engine": engine})


def _looking(
    library: Library, prepare: Prepare, step: int
) -> Callable[[Sequence[Wanted]], Iterator[Prepared]]:
    """Read and prepare photos, `step` of them at once."""

    def look(wanted: Sequence[Wanted]) -> Iterator[Prepared]:
        for part in chunks(wanted, step):
            results = prepare([library.read(photo) for photo in part]).result()
            for photo, result in zip(part, results, strict=True):
                yield _checked(photo, result)

    return look


def _checked(wanted: Wanted, result: Prepared | Rejection) -> Prepared:
    if isinstance(result, Rejection):
        raise Misconfigured(
            f"{wanted.image_id} could be read once and now cannot ({result.detail}): "
            "set `guards` as they were; nothing was written"
        )
    if result.image.content_hash != wanted.content_hash:
        raise Misconfigured(f"{wanted.image_id} changed meanwhile: run the command again")
    return result
