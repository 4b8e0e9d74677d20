// The photos that lie beside one on its cluster, by capture time.

import { h, put } from "../dom.js";
import { number } from "../format.js";
import { keys } from "../keys.js";
import { photoPage, picture } from "../parts.js";
import { track } from "../track.js";

/** Fill a node with links to the photo before and the one after. */
export async function showBeside(node, { item, cluster }) {
  const at = (rows) => rows.findIndex((row) => row.item_id === item.item_id);
  const { rows } = await track(cluster, (known) => at(known) >= 0 && at(known) + 1 < known.length);
  const place = at(rows);
  if (place < 0) return put(node);
  put(node,
    step(rows[place - 1], "Previous photo", "prev"),
    h("span", {}, `${number(place + 1)} of ${number(cluster.size)}`),
    step(rows[place + 1], "Next photo", "next"));
  const go = (rel) => () => node.querySelector(`a[rel=${rel}]`)?.click();
  keys({
    ArrowLeft: ["previous photo of the cluster", go("prev")],
    ArrowRight: ["next photo of the cluster", go("next")],
    k: ["previous photo of the cluster", go("prev")],
    j: ["next photo of the cluster", go("next")],
  });
}

const step = (item, label, rel) => item
  ? h("a", { href: photoPage(item), rel, "aria-label": label, title: label }, picture(item, { alt: "" }))
  : h("span", { class: "none" });
