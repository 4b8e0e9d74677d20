"""`cairn topics`: the topics that Cairn reads and writes."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from cairn.kafka_run import broker_of, layout_of
from cairn.options import Config, settings_of
from consumer.topics import describe_topics, ensure_topics
from engine.errors import Misconfigured

app = typer.Typer(help="Topics: create them with the policies that Cairn needs.")


@app.command("create")
def create(
    kafka: Annotated[
        str | None, typer.Option("--kafka", metavar="HOST:PORT", help="Kafka to create them at.")
    ] = None,
    partitions: Annotated[
        int | None,
        typer.Option(
            "--partitions",
            metavar="N",
            min=1,
            help="Of each topic: as many workers can share the work; default: kafka.partitions.",
        ),
    ] = None,
    replication: Annotated[
        int | None,
        typer.Option(
            "--replication",
            metavar="N",
            help="Copies of each partition; -1 leaves it to the broker; default: "
            "kafka.replication.",
        ),
    ] = None,
    config: Config = None,
) -> None:
    """Create the topics that are missing, and show them all.

    Partitions are for good: a scope stays on the partition that its name hashes to, and the
    topics of images, commands and journal correspond partition by partition.

    Example: cairn topics create --kafka localhost:9092 --partitions 12 --replication 3
    """
    settings = settings_of(
        config,
        kafka__bootstrap=kafka,
        kafka__partitions=partitions,
        kafka__replication=replication,
    ).kafka
    if settings.bootstrap is None:
        raise Misconfigured("no Kafka to create topics at: give --kafka HOST:PORT")
    broker, layout = broker_of(settings), layout_of(settings)
    ensure_topics(broker, layout)
    table = Table("topic", "partitions", "copies", title=f"Topics at {broker.bootstrap}")
    for topic in describe_topics(broker, layout.prefix):
        table.add_row(topic.name, str(topic.partitions), str(topic.copies))
    Console().print(table)
