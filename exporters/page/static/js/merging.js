// Merging clusters of the sheet: by selection, or by dragging one onto another.

import { the } from "./dom.js";
import { count } from "./format.js";
import { called } from "./parts.js";

/** Why clusters cannot become one, null where they can. */
export function hindrance(clusters) {
  const several = (values) => new Set(values).size > 1;
  if (several(clusters.map((cluster) => cluster.scope))) return "Clusters of different scopes cannot be merged.";
  const names = clusters.map((cluster) => cluster.name).filter(Boolean);
  if (several(names)) return `They are called ${names.join(" and ")}: give them one name, then merge them.`;
  return null;
}

/** Ask whether to merge `source` into `target`. */
export function confirmMerge(source, target) {
  const dialog = the("#merge");
  const named = (cluster) => `${called(cluster)} (${count(cluster.size, "photo")})`;
  the("#merge-what").textContent = `${named(source)} becomes part of ${named(target)}.`;
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "merge"), { once: true });
  });
}

/** Let entries of `node` be dragged onto each other; `drop(source, target)`. */
export function dragging(node, clusterAt, drop) {
  let source = null;
  let over = null;
  const aim = (entry) => {
    over?.classList.remove("aimed");
    over = entry;
    over?.classList.add("aimed");
  };
  const targetOf = (event) => {
    const target = source && clusterAt(event.target);
    return target && target !== source && target.state !== "retired" ? target : null;
  };
  node.addEventListener("dragstart", (event) => {
    source = clusterAt(event.target);
    event.dataTransfer.setData("text/plain", source.cluster_id);
    event.dataTransfer.effectAllowed = "move";
    event.target.classList.add("dragged");
  });
  node.addEventListener("dragover", (event) => {
    const target = targetOf(event);
    aim(target && event.target.closest("li[data-key]"));
    if (target) event.preventDefault();
  });
  node.addEventListener("drop", (event) => {
    const target = targetOf(event);
    event.preventDefault();
    if (target) drop(source, target);
  });
  node.addEventListener("dragend", (event) => {
    event.target.classList.remove("dragged");
    aim(null);
    source = null;
  });
}
