// Clusters like one, to merge with it or to move photos to: by button, or by dropping them there.

import { get } from "../api.js";
import { merge, move } from "../corrections.js";
import { h } from "../dom.js";
import { percent } from "../format.js";
import { clusterCard } from "../parts.js";

const SHOWN = 4;

/** What `list` needs. cluster: as it is shown. items: tell what is chosen. */
export function alike(cluster, items) {
  const { scope, cluster_id: id } = cluster();
  return {
    load: () => get("cluster/similar", { scope, id, k: SHOWN }),
    make: (row) => card(row, cluster, items),
    nothing: "No other cluster is like it.",
  };
}

function card({ cluster: other, cosine }, cluster, items) {
  const node = clusterCard(other, h("p", { class: "ends" },
    h("span", { class: "hint" }, `similarity ${percent(cosine)}`),
    h("button", { on: { click: () => merge(cluster(), other) } }, "Merge with this one")));
  node.addEventListener("dragover", (event) => {
    if (!items().length) return;
    event.preventDefault();
    node.classList.add("target");
  });
  node.addEventListener("dragleave", () => node.classList.remove("target"));
  node.addEventListener("drop", (event) => {
    event.preventDefault();
    node.classList.remove("target");
    move(cluster(), items(), other);
  });
  return h("li", {}, node);
}
