"""`cairn dead-letters`: what could not be used, and why; send it again once that is mended."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Annotated, TypeAlias

import orjson
import typer
from rich.console import Console
from rich.table import Column, Table

from cairn.kafka_run import broker_of, publishing
from cairn.options import Config, settings_of
from cairn.report import printable
from cairn.sections import Kafka
from consumer.dead_letters import Place, dead_letters, mark_replayed
from consumer.topics import READ, topic_name
from engine.dead_letter import DeadLetter, once_more
from engine.errors import Misconfigured
from engine.wire import Record
from producer.publish import send_records

AT_ONCE = 50
"""Dead letters in memory at once, of up to 1 MiB each."""

Server: TypeAlias = Annotated[
    str | None, typer.Option("--kafka", metavar="HOST:PORT", help="Kafka to read from.")
]
Reason: TypeAlias = Annotated[
    str | None, typer.Option("--reason", metavar="REASON", help="Only those of this reason.")
]
Found: TypeAlias = tuple[Place, DeadLetter]

app = typer.Typer(help="Dead letters: what could not be used, and why; send it again.")


@app.command("list")
def list_letters(
    kafka: Server = None,
    reason: Reason = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="Rows shown, the last ones.")] = 50,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object a line, all of them, on stdout.")
    ] = False,
    config: Config = None,
) -> None:
    """Show dead letters: where each message came from, its id, what was wrong, how often tried.

    Example: cairn dead-letters list --kafka localhost:9092 --reason corrupt
    """
    settings = _kafka(config, kafka)
    found = _chosen(settings, reason, fresh=False)
    if as_json:
        for place, letter in found:
            typer.echo(orjson.dumps(_fields(place, letter)).decode())
        return
    table, reasons = _table(), Counter[str]()
    last: list[Found] = []
    for place, letter in found:
        reasons[letter.reason] += 1
        last = [*last, (place, letter)][-limit:]
    for place, letter in last:
        table.add_row(*(printable(str(value)) for value in _cells(place, letter)))
    console = Console()
    console.print(table)
    counts = ", ".join(f"{count} {name}" for name, count in reasons.most_common())
    console.print(printable(f"{reasons.total()} dead letters{': ' if counts else ''}{counts}"))


@app.command("replay")
def replay(
    kafka: Server = None,
    reason: Reason = None,
    again: Annotated[
        bool, typer.Option("--again", help="Also those that were sent again before.")
    ] = False,
    config: Config = None,
) -> None:
    """Send what could not be used once more, to the topic it came from.

    What was sent again before is left out, unless `--reason` or `--again` asks for it. An image
    that was clustered meanwhile changes nothing; what is still wrong becomes a dead letter once
    more, with one attempt more. Messages over 1 MiB are not kept and have to be produced anew.

    Example: cairn dead-letters replay --kafka localhost:9092
    """
    settings = _kafka(config, kafka)
    everything = reason is None
    letters = _chosen(settings, reason, fresh=everything and not again)
    tally = _Tally()
    while chunk := list(islice(letters, AT_ONCE)):
        _send_again(settings, chunk, tally)
        if everything:
            reached = {place.partition: place.offset for place, _ in chunk}
            mark_replayed(broker_of(settings), settings.topic_prefix, reached)
    console = Console(stderr=True)
    for letter in tally.lost:
        where = f"{letter.origin.source} {letter.origin.partition}:{letter.origin.offset}"
        console.print(printable(f"not kept, produce it anew: {letter.name} ({where})"))
    console.print(f"{tally.sent} messages sent again, {len(tally.lost)} were not kept")


@dataclass(slots=True)
class _Tally:
    sent: int = 0
    lost: list[DeadLetter] = field(default_factory=list)


def _kafka(config: Config, server: str | None) -> Kafka:
    settings = settings_of(config, kafka__bootstrap=server).kafka
    if settings.bootstrap is None:
        raise Misconfigured("no Kafka to read from: give --kafka HOST:PORT")
    return settings


def _chosen(kafka: Kafka, reason: str | None, *, fresh: bool) -> Iterator[Found]:
    found = dead_letters(broker_of(kafka), kafka.topic_prefix, fresh=fresh)
    return (one for one in found if reason in {None, one[1].reason})


def _send_again(kafka: Kafka, chunk: Sequence[Found], tally: _Tally) -> None:
    """Each to the topic it came from; a topic that Cairn does not read is not written to."""
    known = {topic_name(kafka.topic_prefix, kind): kind for kind in READ}
    records: dict[str, list[Record]] = defaultdict(list)
    for _, letter in chunk:
        if letter.original is None or letter.origin.source not in known:
            tally.lost.append(letter)
        else:
            records[known[letter.origin.source]].append(once_more(letter, letter.original))
    for kind, messages in records.items():
        send_records(publishing(kafka, kind), messages)
        tally.sent += len(messages)


def _table() -> Table:
    return Table(
        *("at", "from", "scope", "id", "reason", Column("detail", overflow="fold"), "tried"),
        title="Dead letters",
    )


def _cells(place: Place, letter: DeadLetter) -> Iterable[object]:
    origin = letter.origin
    yield f"{place.partition}:{place.offset}"
    yield f"{origin.source} {origin.partition}:{origin.offset}"
    yield from (letter.scope, letter.name, letter.reason, letter.detail, letter.attempt)


def _fields(place: Place, letter: DeadLetter) -> dict[str, object]:
    return {
        "partition": place.partition,
        "offset": place.offset,
        "topic": letter.origin.source,
        "topic_partition": letter.origin.partition,
        "topic_offset": letter.origin.offset,
        "scope": letter.scope,
        "id": letter.name,
        "reason": letter.reason,
        "detail": letter.detail,
        "attempt": letter.attempt,
        "kept": letter.original is not None,
    }
