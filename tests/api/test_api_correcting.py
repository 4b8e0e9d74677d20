"""Corrections go to the workers and come back as what became of them."""

from __future__ import annotations

from pathlib import Path

from cairn.desks import SpoolDesk
from cairn.sections import Settings
from consumer.spool import Spool
from engine.command_message import refused
from engine.commands import ConfirmCluster, MergeClusters
from engine.errors import BadCommand
from engine.types import Correction, Rejection
from tests.api.kit import Served, client_of
from tests.shards import SCOPE, Desk


def settle(bench: Desk, command: Correction) -> Rejection | None:
    """Carry out what was handed in, as a worker does; its refusal."""
    try:
        bench.order(command.order, command.command_id)
    except BadCommand as error:
        return refused(command, error)
    return None


def test_a_command_is_handed_on_whole(api: Served) -> None:
    """Order, author, time and what it expects; an id is made where none is given."""
    told = api.post(
        scope="site",
        command="merge",
        cluster_ids=["a", "b"],
        author="ann",
        expects={"a": 3},
        asked_at="2001-09-09T01:46:40+00:00",
    )
    (sent,) = api.tray.sent
    assert (sent.scope, sent.command_id) == ("site", told["command_id"])
    assert (sent.author, sent.asked_at, sent.expects) == ("ann", 1e9, (("a", 3),))
    assert sent.order == MergeClusters(("a", "b"))


def test_a_command_keeps_the_id_it_came_with(api: Served) -> None:
    """So that sending it again changes nothing; when it was asked is noted."""
    for _ in range(2):
        told = api.post(scope="site", command="confirm", cluster_id="c", command_id="mine/1")
        assert told["command_id"] == "mine/1"
    assert {sent.command_id for sent in api.tray.sent} == {"mine/1"}
    assert api.tray.sent[0].order == ConfirmCluster("c")
    assert api.tray.sent[0].asked_at is not None


def test_a_command_comes_back_as_applied_or_refused(api: Served, tmp_path: Path) -> None:
    """Through the spool of a state: waiting first, and then what the worker made of it."""
    bench = Desk()
    bench.photos(1, 1, 2)
    api.fill(bench)
    cluster = bench.cluster_of("image-1#0")
    state = Settings().state.model_copy(update={"directory": tmp_path})
    client = client_of(api.view, SpoolDesk(Settings(state=state)))
    asks = []
    for named in (cluster, "nobody"):
        body = {"scope": SCOPE, "command": "name", "cluster_id": named, "name": "North gate"}
        sent = client.post("/api/v1/commands", json=body)
        assert sent.status_code == 202
        asks.append(sent.headers["location"])
    assert [client.get(ask).json()["status"] for ask in asks] == ["waiting", "waiting"]
    for command in Spool(tmp_path).read(0, 10):
        assert isinstance(command, Correction)
        rejection = settle(bench, command)
        if rejection is None:
            api.fill(bench)
        else:
            api.feed.tell(rejection)
    applied, refusal = (client.get(ask).json() for ask in asks)
    assert (applied["status"], applied["body"]["name"]) == ("applied", "North gate")
    assert (refusal["status"], refusal["body"]["reason"]) == ("refused", "unknown_cluster")
    assert api.get("cluster", scope=SCOPE, id=cluster)["name"] == "North gate"
    rows = api.get("commands", scope=SCOPE)["rows"]
    assert {row["command_id"] for row in rows} == {applied["command_id"], refusal["command_id"]}
    assert api.get("counts")["rejections"] == [
        {"of": "command", "reason": "unknown_cluster", "count": 1}
    ]
