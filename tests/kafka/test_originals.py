"""Messages read again by where they lay."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from consumer.connection import Broker
from consumer.originals import NEAR, KafkaOriginals, open_originals
from engine.errors import Transient
from engine.photo_message import parse_photo
from engine.types import Origin
from tests.kafka import kit
from tests.kafka.proxy import FETCH, proxy_to

pytestmark = pytest.mark.kafka


def test_photos_are_found_again(broker: Broker, prefix: str) -> None:
    """Near ones and far ones of two partitions, in any order; what never was is not there."""
    topic = f"{prefix}.images"
    names = [f"p{number}" for number in range(2 * NEAR + 10)]
    kit.send_photos(broker, topic, *names)
    kit.send_photos(broker, topic, "other", partition=1)
    wanted = [Origin(topic, 1, 0), *(Origin(topic, 0, n) for n in (2 * NEAR + 5, 3, 1, 9999))]
    with closing(open_originals(broker)) as originals:
        found = originals.read(wanted)
        again = originals.read([Origin(topic, 0, 3)])
    read = {o: parse_photo(r.key, r.value, r.headers, o).image_id for o, r in found.items()}
    assert read == dict(zip(wanted, ["other", f"p{2 * NEAR + 5}", "p3", "p1"], strict=False))
    assert again[wanted[2]] == found[wanted[2]]


def test_a_broker_that_goes_away_meanwhile_is_no_wait_for_ever(broker: Broker, prefix: str) -> None:
    """Whoever reads is told, and reads on when it is back."""
    origin = Origin(f"{prefix}.images", 0, 0)
    kit.send_photos(broker, origin.source, "a")
    with (
        proxy_to(broker.bootstrap) as line,
        closing(open_originals(Broker(line.bootstrap))) as originals,
        ThreadPoolExecutor() as pool,
    ):
        line.hold(FETCH)
        asked = pool.submit(originals.read, [origin])
        assert line.held.wait(kit.PATIENCE_S)
        line.leave()
        line.release()
        with pytest.raises(Transient, match="does not answer"):
            asked.result(4 * kit.PATIENCE_S)
        line.away = False
        kit.until(lambda: _read(originals, origin))


def _read(originals: KafkaOriginals, origin: Origin) -> bool:
    try:
        return list(originals.read([origin])) == [origin]
    except Transient:
        return False
