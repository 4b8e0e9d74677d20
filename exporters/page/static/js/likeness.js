// What a search found: tiles with how alike they are, in groups by cluster or one after another.

import { get, Problem } from "./api.js";
import { h, put } from "./dom.js";
import { count, fixed } from "./format.js";
import { badges, called, clusterPage, photoTile } from "./parts.js";
import { page } from "./scope.js";

/** Draw rows {item, cosine}, best first. */
export function showFound(node, rows, grouped) {
  if (!grouped) return put(node, tiles(rows));
  const piles = Map.groupBy(rows, ({ item }) => item.cluster_id);
  return put(node, [...piles.values()].map(group));
}

const tiles = (rows) => h("ul", { class: "photos large" }, rows.map(tile));

function tile({ item, cosine }) {
  const more = h("a", { href: page("/search", { scope: item.scope, item: item.item_id }) }, "more like this");
  return photoTile(item,
    h("p", { class: "facts" }, h("span", { title: "cosine of the embeddings, at most 1" }, `alike ${fixed(cosine)}`), more));
}

function group(rows) {
  const { item } = rows[0];
  const head = h("header", {}, title({ ...item, name: "" }));
  nameGroup(head, item);
  return h("section", { class: "card" }, head, tiles(rows), h("p", { class: "hint" }, `${count(rows.length, "photo")} found of this cluster`));
}

const title = (cluster) => h("h2", {}, h("a", { href: clusterPage(cluster), title: cluster.cluster_id }, called(cluster)));

/** Its name comes later: search knows ids alone. */
async function nameGroup(head, { scope, cluster_id: id }) {
  try {
    const cluster = await get("cluster", { scope, id });
    put(head, title(cluster), badges(cluster));
  } catch (error) {
    if (!(error instanceof Problem)) throw error; // its id stays, which leads there all the same
  }
}
