"""What the API answers is what the view says, for every address it has."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pytest

from engine.commands import MergeClusters, NameCluster
from exporters.view.answers import Behind
from tests.api.kit import Served
from tests.shards import SCOPE, Desk
from tests.view.kit import Album

HOSTILE = [
    "a/b/../c",
    "#0?x=1&y=2",
    "two words",
    "тест 图片 🏔",
    "100%25+",
    "'\"; DROP TABLE items; --",
    "<img onerror=alert(1)>",
]


@pytest.fixture
def bench(api: Served) -> Desk:
    """Three places, the first of three photos, the second of two."""
    made = Desk()
    made.photos(1, 1, 1, 2, 2, 3)
    api.fill(made)
    return made


def one(bench: Desk, number: int = 1) -> dict[str, str]:
    """The cluster of a photo, as a query."""
    return {"scope": SCOPE, "id": bench.cluster_of(f"image-{number}#0")}


def test_the_overview(api: Served, bench: Desk) -> None:
    """Scopes, counts and what came last."""
    assert api.get("health") == {"status": "ok"}
    assert api.get("scopes") == {"rows": [SCOPE], "cursor": None}
    counts = api.get("counts", scope=SCOPE)
    assert (counts["images"], counts["items"], counts["rejections"]) == (6, 6, [])
    assert sum(counts["clusters"].values()) == len(bench.scope.clusters)
    newest = api.get("newest", limit=2)["rows"]
    assert [row["item_id"] for row in newest] == ["image-6#0", "image-5#0"]
    assert api.get("rejections")["rows"] == []
    assert all(row["doubt"] <= 1 for row in api.get("suggestions", scope=SCOPE)["rows"])


def test_how_far_the_view_is_behind(api: Served) -> None:
    """As its feed told last."""
    assert api.get("feed") == {"rows": [], "cursor": None}
    told = Behind("journal", 2, 5, 1e9)
    api.view.tell_behind([told])
    assert api.get("feed")["rows"] == [asdict(told)]


def test_clusters_are_listed_page_by_page(api: Served, bench: Desk) -> None:
    """Every one once, largest first; filters narrow the list down."""
    seen: list[dict[str, Any]] = []
    query: dict[str, Any] = {"order": "size", "limit": 1}
    while True:
        page = api.get("clusters", **query)
        seen += page["rows"]
        if page["cursor"] is None:
            break
        query["cursor"] = page["cursor"]
    sizes = [row["size"] for row in seen]
    assert {row["cluster_id"] for row in seen} == set(bench.scope.clusters)
    assert sizes == sorted(sizes, reverse=True)
    large = api.get("clusters", scope=SCOPE, min_size=sizes[0])["rows"]
    assert [row["cluster_id"] for row in large] == [seen[0]["cluster_id"]]
    assert api.get("clusters", scope="elsewhere")["rows"] == []


def test_one_cluster_with_all_about_it(api: Served, bench: Desk) -> None:
    """Members, lineage and clusters like it; its revision is its ETag."""
    asked = one(bench)
    response = api.client.get("/api/v1/cluster", params=asked)
    row = response.json()
    assert response.headers["etag"] == f'"{row["revision"]}"'
    members = api.get("cluster/members", **asked)["rows"]
    assert {m["item_id"] for m in members} == set(bench.members_of(asked["id"]))
    first = api.get("cluster/members", **asked, order="captured", limit=1)
    assert len(first["rows"]) == 1
    rest = api.get("cluster/members", **asked, order="captured", cursor=first["cursor"])["rows"]
    assert len(first["rows"]) + len(rest) == row["size"]
    events = api.get("cluster/lineage", **asked)["rows"]
    assert events[-1]["body"]["type"].startswith("cairn.cluster")
    like = api.get("cluster/similar", **asked, k=1)["rows"]
    assert len(like) == 1
    assert like[0]["cluster"]["cluster_id"] != asked["id"]


def test_a_retired_cluster_tells_where_it_leads(api: Served, bench: Desk) -> None:
    """Old links go on working."""
    gone, heir = one(bench), one(bench, 4)
    bench.order(MergeClusters((heir["id"], gone["id"])))
    api.fill(bench)
    row = api.get("cluster", **gone)
    assert (row["state"], row["heir"], row["size"]) == ("retired", heir["id"], 0)
    assert api.get("cluster/members", **gone)["rows"] == []


def test_photos_and_items(api: Served, bench: Desk) -> None:
    """A photo, why its item lies where it lies, and what is like it."""
    photo = api.get("image", scope=SCOPE, id="image-2")
    assert [item["item_id"] for item in photo["items"]] == ["image-2#0"]
    told = api.get("item", scope=SCOPE, id="image-2#0")
    assert told["cluster"]["cluster_id"] == bench.cluster_of("image-2#0")
    assert told["evidence"]["kind"] == "assign"
    assert told["evidence"]["trials"]
    like = api.get("item/similar", scope=SCOPE, id="image-2#0", k=2)["rows"]
    assert {row["item"]["item_id"] for row in like} == {"image-1#0", "image-3#0"}
    assert like[0]["cosine"] >= like[1]["cosine"]


@pytest.mark.usefixtures("bench")
def test_a_thumbnail_is_a_jpeg(api: Served) -> None:
    """And nothing a browser would take for anything else."""
    api.view.put_thumbnail(SCOPE, "image-1", b"\xff\xd8<script>")
    response = api.client.get("/api/v1/image/thumbnail", params={"scope": SCOPE, "id": "image-1"})
    assert response.content == b"\xff\xd8<script>"
    assert response.headers["content-type"] == "image/jpeg"
    assert response.headers["x-content-type-options"] == "nosniff"


def test_the_map(api: Served, bench: Desk) -> None:
    """Empty before it is drawn, then a point an item, on the cluster where it lies."""
    assert api.get("map", scope=SCOPE)["items"] == []
    api.view.refresh(SCOPE)
    told = api.get("map", scope=SCOPE)
    lie = (told["clusters"][place] for place in told["cluster"])
    on = dict(zip(told["items"], lie, strict=True))
    assert on == {item_id: bench.cluster_of(item_id) for item_id in bench.items}
    assert {len(told[axis]) for axis in ("x", "y", "z")} == {len(bench.items)}


def test_a_map_that_is_known_is_not_sent_again(api: Served, bench: Desk) -> None:
    """Until a cluster or a place on it changes."""
    api.view.refresh(SCOPE)
    known = api.client.get("/api/v1/map", params={"scope": SCOPE}).headers["etag"]

    def again() -> int:
        headers = {"If-None-Match": known}
        return api.client.get("/api/v1/map", params={"scope": SCOPE}, headers=headers).status_code

    assert again() == 304
    bench.order(NameCluster(bench.cluster_of(next(iter(bench.items))), "gate"))
    api.fill(bench)
    assert again() == 200


@pytest.mark.parametrize("name", HOSTILE)
def test_names_hold_any_characters(api: Served, name: str) -> None:
    """Scopes, photos, clusters and commands are found by whatever they are called."""
    album = Album(name)
    api.feed.tell(album.photo(name, name), album.command(name, NameCluster(name, name)))
    known = {"scope": name, "id": name}
    assert api.get("scopes")["rows"] == [name]
    assert api.get("cluster", **known)["cluster_id"] == name
    assert len(api.get("cluster/members", **known)["rows"]) == 1
    assert api.get("image", **known)["image_id"] == name
    item = {"scope": name, "id": f"{name}#0"}
    assert api.get("item", **item)["item"]["item_id"] == item["id"]
    assert api.get("item/similar", **item)["rows"] == []
    assert api.get("command", **known)["status"] == "applied"
    assert api.post(scope=name, command_id=name, command="confirm", cluster_id=name)
    assert api.get("clusters", scope=name, text=name)["rows"] == []


def test_what_can_be_asked_is_described(api: Served) -> None:
    """Every address has a summary; nothing is loaded from elsewhere."""
    described = api.get("openapi.json")
    assert all(path.startswith("/api/v1/") for path in described["paths"])
    calls = [call for path in described["paths"].values() for call in path.values()]
    assert all(call["summary"] and "401" in call["responses"] for call in calls)
    body = described["paths"]["/api/v1/commands"]["post"]["requestBody"]
    assert "expects" in body["content"]["application/json"]["schema"]["properties"]
    assert api.client.get("/docs").status_code == 404
