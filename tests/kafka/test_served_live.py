"""`cairn run --kafka --serve`: thumbnails of messages, corrections, and how far who is behind."""

from __future__ import annotations

import re
from contextlib import closing
from pathlib import Path
from threading import Event

import httpx

from cairn.folder_run import ONE_SCOPE
from cairn.patience import patiently
from consumer.connection import Broker
from consumer.lag import open_group_lag
from consumer.originals import open_originals
from engine.photo_message import photo_record
from engine.types import Origin, Photo
from tests.fetching import claim_on
from tests.kafka import kit
from tests.kafka.workers import MARKS, name_of, tiny, tiny_records, wait_for, worker
from tests.recovery.kit import Worker

pytestmark = MARKS
FAR = "elsewhere"


def site(life: Worker) -> httpx.Client:
    """What a worker serves."""
    wait_for(lambda: "page: " in life.message(), life)
    found = re.search(r"^page: (http://\S+)/$", life.message(), re.MULTILINE)
    assert found, life.message()
    return httpx.Client(base_url=f"{found[1]}/api/v1/", timeout=60)


def shown(http: httpx.Client, scope: str, name: str) -> bool:
    query = {"scope": scope, "id": name}
    return http.get("image/thumbnail", params=query).is_success


def test_a_topic_is_watched_in_a_browser(broker: Broker, prefix: str, tmp_path: Path) -> None:
    """Photos that messages bring or name get thumbnails; a name is applied; nobody is behind."""
    kit.send(broker, f"{prefix}.images", tiny_records(range(6)))
    path = tmp_path / "elsewhere" / "far.jpg"
    path.parent.mkdir()
    path.write_bytes(tiny(6))
    far = Photo("far", FAR, Origin("", 0, 0), claim_on(path.read_bytes(), path.as_uri()))
    kit.send(broker, f"{prefix}.images", [photo_record(far, "application/json")], 1)
    wanted = [*((ONE_SCOPE, name_of(number)) for number in range(6)), (FAR, "far")]
    allow = {"FETCH__ALLOW": path.parent.as_uri()}
    options = ("--serve", "--port", "0")
    with (
        worker(broker.bootstrap, prefix, tmp_path / "state", *options, **allow) as life,
        site(life) as http,
    ):
        wait_for(lambda: all(shown(http, *one) for one in wanted), life)

        def behind() -> dict[tuple[str, int], int]:
            rows = http.get("feed").json()["rows"]
            return {(row["source"], row["partition"]): row["behind"] for row in rows}

        kinds = ("dead-letters", "images", "journal")
        nobody = {(kind, partition): 0 for kind in kinds for partition in (0, 1)}
        wait_for(lambda: behind() == nobody, life)
        item = http.get("item", params={"scope": FAR, "id": "far#0"}).json()
        order = {"command": "name", "cluster_id": item["cluster"]["cluster_id"], "name": "x"}
        asked = http.post("commands", json={"scope": FAR, **order}).json()
        query = {"scope": FAR, "id": asked["command_id"]}
        wait_for(lambda: http.get("command", params=query).json()["status"] == "applied", life)
        assert life.stop() == 0, life.message()
        assert "Traceback" not in life.message()


def test_what_waits_for_a_group_is_counted(broker: Broker, prefix: str) -> None:
    """From outside of it, also where there is no group yet; of a topic that is gone nothing."""
    kit.send_photos(broker, f"{prefix}.images", "a", "b", "c")
    kit.send_photos(broker, f"{prefix}.images", "d", partition=1)
    with closing(open_group_lag(broker, f"{prefix}.images", prefix)) as lag:
        # A new broker first has to choose who coordinates groups.
        assert patiently(lag.behind, Event()) == {0: 3, 1: 1}
    with closing(open_group_lag(broker, f"{prefix}.no", prefix)) as lag:
        assert lag.behind() == {}


def test_photos_of_a_topic_that_is_gone_are_gone(broker: Broker, prefix: str) -> None:
    """And those of a partition that never was, or behind the end."""
    topic = f"{prefix}.images"
    kit.send_photos(broker, topic, "a")
    with closing(open_originals(broker)) as originals:
        lost = [Origin(f"{prefix}.no", 0, 0), Origin(topic, 9, 0), Origin(topic, 0, 50)]
        assert list(originals.read([*lost, Origin(topic, 0, 0)])) == [Origin(topic, 0, 0)]
