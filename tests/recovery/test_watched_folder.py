"""A watched folder in a busy minute: what people do to files, and what the worker says of it."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.images import shot
from tests.probes import Samples, ask, free_port, scrape
from tests.recovery.kit import Remains, remains, run_once, until, worker
from tests.recovery.photos import one_view

SETTLE_S = 3.0
SEEN_S = 1.2
"""Longer than two looks at the folder are apart."""


@dataclass(frozen=True)
class BusyMinute:
    """before: the state and metrics at the start. after: when all had settled."""

    photos: Path
    state: Path
    before: Remains
    after: Remains
    samples_before: Samples
    samples_after: Samples
    checks: Mapping[str, tuple[int, str]]
    exit_status: int


@pytest.fixture(scope="module")
def minute(tmp_path_factory: pytest.TempPathFactory) -> BusyMinute:
    """Five photos lie there; then one comes in two halves, and one each is touched, overwritten
    and deleted, all while a worker watches.
    """
    directory = tmp_path_factory.mktemp("busy")
    photos, state = directory / "photos", directory / "state"
    photos.mkdir()
    for number, name in enumerate(("kept", "touched", "changed", "deleted", "other")):
        place = "rocket.jpg" if name == "other" else "astronaut.png"
        (photos / f"{name}.jpg").write_bytes(shot(one_view(place, number), number))
    run_once(photos, state)
    before = remains(state)
    port = free_port()
    site = f"http://127.0.0.1:{port}"
    settings = {"CAIRN_METRICS__PORT": str(port), "CAIRN_FOLDER__SETTLE_S": str(SETTLE_S)}
    with worker(photos, state, **settings) as life:
        until(lambda: ready(site) or not life.alive)
        samples_before = scrape(site)
        disturb(photos)
        until(lambda: handled(scrape(site)) == 3 or not life.alive, pause_s=0.1)
        checks = {path: ask(site + path) for path in ("/livez", "/readyz", "/metrics", "/secret")}
        samples_after = scrape(site)
        exit_status = life.stop()
    after = remains(state)
    return BusyMinute(
        photos, state, before, after, samples_before, samples_after, checks, exit_status
    )


def disturb(photos: Path) -> None:
    """All that happens to the folder while it is watched."""
    arriving = shot(one_view("astronaut.png", 77), 77)
    with (photos / "arriving.jpg").open("wb") as file:
        file.write(arriving[: len(arriving) // 2])
        file.flush()
        os.utime(photos / "touched.jpg")
        (photos / "changed.jpg").write_bytes(shot(one_view("rocket.jpg", 78), 78))
        (photos / "deleted.jpg").unlink()
        time.sleep(SEEN_S)
        file.write(arriving[len(arriving) // 2 :])


def ready(site: str) -> bool:
    try:
        return ask(f"{site}/readyz")[0] == 200
    except httpx.ConnectError:
        return False


def handled(samples: Samples) -> float:
    """Photos of any outcome."""
    return sum(value for (name, _), value in samples.items() if name == "cairn_images_total")


def test_a_photo_written_in_two_halves_is_read_whole(minute: BusyMinute) -> None:
    """The half was never read; the whole lies with its place."""
    assert b"arriving.jpg" not in minute.after.rejected
    assert {"kept.jpg", "touched.jpg", "changed.jpg", "deleted.jpg", "arriving.jpg"} in (
        minute.after.piles
    )


def test_another_photo_under_a_known_name_is_refused(minute: BusyMinute) -> None:
    """Ids are final: the new content is rejected, and says so."""
    (line,) = minute.after.rejected.splitlines()
    assert b'"image_id":"changed.jpg"' in line
    assert b'"reason":"id_conflict"' in line


def test_touching_overwriting_and_deleting_move_nothing(minute: BusyMinute) -> None:
    """All that was told before stays as it was; the one new photo follows."""
    assert minute.after.clusters[:5] == minute.before.clusters
    assert minute.after.events.startswith(minute.before.events)
    assert minute.after.images == [*minute.before.images, "arriving.jpg"]


def test_probes_answer(minute: BusyMinute) -> None:
    """Live and ready while it works; nothing but the three paths is served."""
    assert minute.checks["/livez"][0] == 200
    assert minute.checks["/readyz"] == (200, "ready\n")
    assert minute.checks["/metrics"][0] == 200
    assert minute.checks["/secret"][0] == 404


def test_metrics_count_what_happened(minute: BusyMinute) -> None:
    """One photo clustered, one known already, one refused, each counted once."""
    after = minute.samples_after
    counts = {
        label: value for (name, label), value in after.items() if name == "cairn_images_total"
    }
    assert counts == {"clustered": 1, "empty": 0, "duplicate": 1, "rejected": 1}
    assert after["cairn_dead_letters_total", "id_conflict"] == 1
    assert after["cairn_decisions_total", "assign"] == 1
    assert after["cairn_verifications_total", "agree"] >= 1
    assert after["cairn_e2e_latency_seconds_count", ""] == 3
    assert after["cairn_batch_size_images_sum", ""] == 3
    assert after["cairn_stage_duration_seconds_count", "embed"] == 3
    assert after["cairn_commit_failures_total", ""] == 0


def test_clusters_are_counted_from_the_start(minute: BusyMinute) -> None:
    """The restored clusters show before anything new arrives."""
    for samples in (minute.samples_before, minute.samples_after):
        assert samples["cairn_clusters", "confirmed"] == 1
        assert samples["cairn_clusters", "pending"] == 1
        assert samples["cairn_restore_seconds", ""] > 0


def test_it_stops_in_good_order(minute: BusyMinute) -> None:
    """Exit status 0; a later run finds nothing left to do."""
    assert minute.exit_status == 0
    run_once(minute.photos, minute.state)
    assert remains(minute.state) == minute.after
