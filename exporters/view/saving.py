"""Writes to the database what a run of outcomes of one scope has touched."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

import orjson
from sqlalchemy import Connection, Table, bindparam, delete, func, insert, select, update

from engine.command_message import order_body
from engine.errors import StateMismatch
from engine.lineage import clusters_of
from engine.types import ImageRecord
from engine.wire import event_body
from exporters.view.ledger import Ledger
from exporters.view.loading import condition_on
from exporters.view.projection import Scope
from exporters.view.rows import Pile
from exporters.view.tables import (
    apart,
    clusters,
    commands,
    erasures,
    events,
    images,
    items,
    lineage,
    points,
    scopes,
    thumbnails,
    vectors,
    wanting,
)

Row = dict[str, Any]


class Saving:
    """Writes one scope within one transaction."""

    def __init__(self, connection: Connection, ledger: Ledger, scope_n: int, scope: Scope) -> None:
        self._db = connection
        self._ledger = ledger
        self._scope_n = scope_n
        self._scope = scope

    def save(self) -> None:
        """Write everything; raises StateMismatch for vectors of another length than before."""
        first_event = self._ledger.events + 1
        self._number_piles()
        self._erase()
        self._save_items()
        self._save_piles(first_event)
        self._save_events()
        self._save_commands(first_event)
        self._save_apart()
        values = {"seq": self._scope.seq}
        self._db.execute(update(scopes).where(scopes.c.n == self._scope_n).values(**values))

    def _insert(self, table: Table, rows: Sequence[Row]) -> None:
        if rows:
            self._db.execute(insert(table), rows)

    def _number_piles(self) -> None:
        self._born = {pile_id for pile_id, pile in self._scope.piles.items() if pile.n is None}
        for cluster_id in self._born:
            self._scope.piles[cluster_id].n = self._ledger.next("clusters")

    def _erase(self) -> None:
        """Leave nothing of what was forgotten."""
        gone = self._scope.gone
        for column in (items.c.n, vectors.c.item_n, points.c.item_n):
            for condition in condition_on(column, gone):
                self._db.execute(delete(column.table).where(condition))
        next_n = self._ledger.next
        self._insert(
            erasures,
            [{"n": next_n("erasures"), "scope_n": self._scope_n, "item_n": n} for n in gone],
        )
        for image_id in self._scope.forgotten:
            here = (images.c.scope_n == self._scope_n) & (images.c.image_id == image_id)
            lost = select(images.c.n).where(here)
            self._db.execute(delete(wanting).where(wanting.c.image_n.in_(lost)))
            for table in (images, thumbnails):
                here = (table.c.scope_n == self._scope_n) & (table.c.image_id == image_id)
                self._db.execute(delete(table).where(here))

    def _save_items(self) -> None:
        known = self._known_images()
        new = [one for image_id, one in self._scope.images.items() if image_id not in known]
        numbers = {image.image_id: self._ledger.next("images") for image in new}
        self._insert(images, [self._image(numbers[image.image_id], image) for image in new])
        # What was forgotten since comes without its size, before the order to forget it.
        shown = {one.image_id: numbers[one.image_id] for one in new if one.width}
        self._insert(wanting, [{"image_n": n} for n in self._unpictured(shown)])
        fresh = [self._item(item_id, numbers) for item_id in self._scope.fresh]
        self._insert(items, [row for row, _ in fresh])
        self._insert(vectors, [vector for _, vector in fresh])
        moved = list(self._moved())
        if moved:
            where = items.c.n == bindparam("item_n")
            self._db.execute(update(items).where(where), moved)

    def _known_images(self) -> set[str]:
        """Photos that show nothing leave no event by which a feed that repeats itself is known."""
        shown = {image.image_id for image, _, _ in self._scope.fresh.values()}
        query = select(images.c.image_id).where(images.c.scope_n == self._scope_n)
        conditions = condition_on(images.c.image_id, self._scope.images.keys() - shown)
        return {one for where in conditions for one in self._db.scalars(query.where(where))}

    def _unpictured(self, numbers: Mapping[str, int]) -> list[int]:
        """Those without a thumbnail, which outlives a rebuild, of the same bytes."""
        t = thumbnails.c
        query = select(t.image_id, t.content_hash).where(t.scope_n == self._scope_n)
        hashes: dict[str, str] = {}
        for where in condition_on(t.image_id, numbers.keys()):
            hashes.update(self._db.execute(query.where(where)).all())
        image = self._scope.images
        return [n for one, n in numbers.items() if hashes.get(one) != image[one].content_hash]

    def _moved(self) -> Iterator[Row]:
        for lying in self._scope.items.values():
            if lying.changed and lying.n is not None:
                yield {
                    "item_n": lying.n,
                    "cluster_n": self._scope.piles[self._scope.owners[lying.lobe]].n,
                    "lobe": lying.lobe,
                    "exemplar": lying.exemplar,
                }

    def _image(self, n: int, image: ImageRecord) -> Row:
        place = image.location
        return {
            "n": n,
            "scope_n": self._scope_n,
            "image_id": image.image_id,
            "content_hash": image.content_hash,
            "width": image.width,
            "height": image.height,
            "captured_at": image.captured_at,
            "lat": place and place.lat,
            "lon": place and place.lon,
            "attributes": orjson.dumps(dict(image.attributes)).decode(),
            **asdict(image.origin),
        }

    def _item(self, item_id: str, image_numbers: dict[str, int]) -> tuple[Row, Row]:
        image, item, change = self._scope.fresh[item_id]
        lying = self._scope.items[item_id]
        if self._ledger.dim != len(item.vector):
            raise StateMismatch(
                f"the view holds vectors of {self._ledger.dim} numbers, item {item_id!r} has "
                f"{len(item.vector)}: it was made with another encoder; build the view anew"
            )
        n = self._ledger.next("items")
        row = {
            "n": n,
            "scope_n": self._scope_n,
            "item_id": item_id,
            "image_n": image_numbers[image.image_id],
            "cluster_n": self._scope.piles[self._scope.owners[lying.lobe]].n,
            "lobe": lying.lobe,
            "exemplar": lying.exemplar,
            "left": item.box.left,
            "top": item.box.top,
            "right": item.box.right,
            "bottom": item.box.bottom,
            "label": item.label,
            "tag": image.attributes.get("label", ""),
            "score": item.score,
            "quality": item.quality,
            "captured_at": image.captured_at,
            "confidence": change.confidence,
            "evidence": orjson.dumps(change.evidence).decode(),
        }
        return row, {"item_n": n, "scope_n": self._scope_n, "vector": item.vector}

    def _save_piles(self, first_event: int) -> None:
        touched = {one: p for one, p in self._scope.piles.items() if p.changed is not None}
        self._read_times(list(touched.values()))
        rows = {one: self._pile(one, pile, first_event) for one, pile in touched.items()}
        self._insert(clusters, [row for one, row in rows.items() if one in self._born])
        known = [
            row | {"cluster_n": row.pop("n")} for one, row in rows.items() if one not in self._born
        ]
        if known:
            self._db.execute(update(clusters).where(clusters.c.n == bindparam("cluster_n")), known)

    def _read_times(self, piles: Sequence[Pile]) -> None:
        """Earliest and latest capture of clusters that lost members."""
        shrunk = {pile.n: pile.tally for pile in piles if pile.n and pile.tally.shrunk}
        captured = items.c.captured_at
        query = select(items.c.cluster_n, func.min(captured), func.max(captured))
        for condition in condition_on(items.c.cluster_n, list(shrunk)):
            grouped = query.where(condition).group_by(items.c.cluster_n)
            for n, first, last in self._db.execute(grouped):
                shrunk[n].first, shrunk[n].last = first, last

    def _pile(self, cluster_id: str, pile: Pile, first_event: int) -> Row:
        standing, tally = pile.standing, pile.tally
        living = "confirmed" if standing.confirmed else "pending"
        return {
            "n": pile.n,
            "scope_n": self._scope_n,
            "cluster_id": cluster_id,
            "state": living if pile.living else "retired",
            "heir_n": self._scope.piles[pile.heir].n if pile.heir else None,
            "founded": standing.founded,
            "revision": pile.revision,
            "pinned": standing.pinned,
            "name": standing.name,
            "name_key": standing.name.casefold(),
            "size": tally.count,
            "total": tally.total if tally.count else None,
            "mean": tally.mean(),
            "spread": tally.spread(),
            "first": tally.first,
            "last": tally.last,
            "x": tally.x,
            "y": tally.y,
            "z": tally.z,
            "located": tally.located,
            "changed": first_event + (pile.changed or 0),
        }

    def _save_events(self) -> None:
        """Without what an event says of its item, which has a row that can be forgotten."""
        told, about = [], []
        for outcome, event in self._scope.events:
            number = self._ledger.next("events")
            body = orjson.dumps(event_body(replace(outcome, items=()), event)).decode()
            told.append(
                {"number": number, "scope_n": self._scope_n, "seq": event.seq, "body": body}
            )
            about += [
                {"cluster_n": self._scope.piles[cluster_id].n, "number": number}
                for cluster_id in dict.fromkeys(clusters_of(event.change))
            ]
        self._insert(events, told)
        self._insert(lineage, about)

    def _save_apart(self) -> None:
        scope = self._scope
        for one, other in scope.apart_before - scope.apart:
            here = (apart.c.one == one) & (apart.c.other == other)
            self._db.execute(delete(apart).where(apart.c.scope_n == self._scope_n, here))
        new = sorted(scope.apart - scope.apart_before)
        self._insert(
            apart, [{"scope_n": self._scope_n, "one": one, "other": other} for one, other in new]
        )

    def _save_commands(self, first_event: int) -> None:
        for command, places in self._scope.commands:
            here = commands.c.command_id == command.command_id
            self._db.execute(delete(commands).where(commands.c.scope_n == self._scope_n, here))
            row = {
                "scope_n": self._scope_n,
                "command_id": command.command_id,
                "applied": True,
                "body": orjson.dumps(order_body(command.order)).decode(),
                "author": command.author,
                "asked_at": command.asked_at,
                "first_event": first_event + places[0] if places else None,
                "last_event": first_event + places[-1] if places else None,
                "told": first_event + places.stop - 1,
            }
            self._insert(commands, [row])
