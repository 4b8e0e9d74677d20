"""A shard: one writer's book, clusterer, exemplars and store, and what it makes of a batch.

Duplicates are told here, at the moment of decision and in message order, so that neither
redelivery nor batch boundaries can change anything.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from consumer.keeper import Keeper
from engine.book import Book
from engine.clusterer import Clusterer
from engine.command_message import refused
from engine.corrections import Corrector
from engine.errors import BadCommand
from engine.members import Membership
from engine.ports import ExemplarMemory, Store
from engine.sight import Prepared
from engine.types import Batch, Correction, ImageRecord, Origin, Outcome, Rejection

Result: TypeAlias = Prepared | Correction | Rejection
"""A message that is ready to be decided on."""


class Exemplars(ExemplarMemory, Protocol):
    """Exemplar memory that is told what became of a batch."""

    def settle(self) -> None:
        """The batch is durable: its exemplars can be read back from the store."""
        ...


@dataclass(slots=True)
class Shard:
    """Everything one partition (or one folder) owns.

    settled: nothing was decided that is not durable; else memory is ahead of the store.
    keeper: has the indexes saved now and then; nobody does where there is none.
    """

    book: Book
    clusterer: Clusterer
    corrector: Corrector
    exemplars: Exemplars
    members: Membership
    store: Store
    settled: bool = True
    keeper: Keeper | None = None

    def decide(self, results: Iterable[Result]) -> Batch:
        """Turn prepared photos and corrections into a batch; the book moves, nothing is durable."""
        self.settled = False
        drafts = _Drafts(self.store)
        for result in results:
            match result:
                case Rejection():
                    drafts.reject(result)
                case Correction():
                    if drafts.is_new_command(result):
                        drafts.correct(result, self.corrector)
                case Prepared():
                    if drafts.is_new(result):
                        drafts.add(self.clusterer.process(result))
        return drafts.batch()

    def correct(self, correction: Correction) -> Batch:
        """Carry out one command by itself; raises BadCommand, and nothing has changed then."""
        batch = self.decide([correction])
        for rejection in batch.rejections:
            raise BadCommand(rejection.reason, rejection.detail)
        return batch

    def commit(self, batch: Batch) -> None:
        """Make a decided batch durable in the local store."""
        self.store.commit(batch)
        self.exemplars.settle()
        self.members.settle()
        self.settled = True
        if self.keeper is not None:
            self.keeper.committed(batch)


class _Drafts:
    """A batch while it grows, and the past as it would be were it committed."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._images: dict[tuple[str, str], Outcome] = {}
        self._commands: dict[tuple[str, str], Outcome] = {}
        self._positions: list[Origin] = []
        self._outcomes: list[Outcome] = []
        self._rejections: list[Rejection] = []

    def image_outcome(self, scope: str, image_id: str) -> Outcome | None:
        return self._images.get((scope, image_id)) or self._store.image_outcome(scope, image_id)

    def command_outcome(self, scope: str, command_id: str) -> Outcome | None:
        found = self._commands.get((scope, command_id))
        return found or self._store.command_outcome(scope, command_id)

    def reject(self, rejection: Rejection) -> None:
        self._positions.append(rejection.origin)
        self._rejections.append(rejection)

    def add(self, outcome: Outcome) -> None:
        self._outcomes.append(outcome)
        self._positions.append(outcome.cause.origin)
        match outcome.cause:
            case ImageRecord(scope=scope, image_id=image_id):
                self._images[scope, image_id] = outcome
            case Correction(scope=scope, command_id=command_id):
                self._commands[scope, command_id] = outcome

    def correct(self, correction: Correction, corrector: Corrector) -> None:
        try:
            self.add(corrector.correct(correction, self))
        except BadCommand as error:
            self.reject(refused(correction, error))

    def is_new(self, prepared: Prepared) -> bool:
        """Whether this image was never seen; another image under a known id is rejected."""
        image = prepared.image
        known = self._content_hash(image.scope, image.image_id)
        if known is None:
            return True
        if known == image.content_hash:
            self._positions.append(image.origin)
        else:
            detail = f"another image with id {image.image_id!r} was clustered before; ids are final"
            self.reject(Rejection(image.image_id, image.scope, image.origin, "id_conflict", detail))
        return False

    def is_new_command(self, correction: Correction) -> bool:
        """Whether this command was never carried out; another one under its id is rejected."""
        past = self.command_outcome(correction.scope, correction.command_id)
        if past is None:
            return True
        if isinstance(past.cause, Correction) and past.cause.order == correction.order:
            self._positions.append(correction.origin)
        else:
            detail = f"another command with id {correction.command_id!r} was carried out before"
            self.reject(refused(correction, BadCommand("id_conflict", detail)))
        return False

    def batch(self) -> Batch:
        return Batch(tuple(self._outcomes), tuple(self._rejections), tuple(self._positions))

    def _content_hash(self, scope: str, image_id: str) -> str | None:
        outcome = self._images.get((scope, image_id))
        if outcome is not None and isinstance(outcome.cause, ImageRecord):
            return outcome.cause.content_hash
        return self._store.content_hash(scope, image_id)
