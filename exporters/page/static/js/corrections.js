// What people can put right, in the words of the page; the last of it can be undone by a key.
//
// Whenever something was corrected or undone, the document gets the event "cairn:corrected".

import { carryOut } from "./commands.js";
import { count } from "./format.js";
import { tell } from "./toast.js";

let last = null;
let underWay = 0;

document.addEventListener("cairn:corrected", () => { last = null; });

/** Whether a correction of this page is on its way: what changes now is most likely that. */
export const correcting = () => underWay > 0;

export const split = (cluster, items) => correct(
  cluster.scope,
  { command: "split", cluster_id: cluster.cluster_id, item_ids: ids(items) },
  { done: `${count(items.length, "photo")} split off.`, seen: [cluster] },
);

export const move = (cluster, items, target) => correct(
  cluster.scope,
  { command: "move", cluster_id: target.cluster_id, item_ids: ids(items) },
  { done: `${count(items.length, "photo")} moved.`, seen: [cluster, target] },
);

/** The first keeps its id. */
export const merge = (cluster, other) => correct(
  cluster.scope,
  { command: "merge", cluster_ids: [cluster.cluster_id, other.cluster_id] },
  { done: "Merged.", seen: [cluster, other] },
);

/** clusters: those of the two items, as they were shown. */
export const link = (clusters, items, together) => correct(
  clusters[0].scope,
  { command: "link", item_ids: ids(items), together },
  {
    done: together ? "Linked: they show the same." : "Kept apart: they do not show the same.",
    seen: clusters,
  },
);

export const confirm = (cluster) => correct(
  cluster.scope,
  { command: "confirm", cluster_id: cluster.cluster_id },
  { done: "Confirmed.", seen: [cluster] },
);

export const rename = (cluster, name) => correct(
  cluster.scope,
  { command: "name", cluster_id: cluster.cluster_id, name },
  { done: name ? "Renamed." : "The name is gone.", seen: [cluster] },
);

/** For good, whatever else is on the photo. */
export const forget = (cluster, item) => correct(
  cluster.scope,
  { command: "forget", image_id: item.image_id },
  { done: "Forgotten.", seen: [cluster], undo: false },
);

export async function undoLast() {
  if (!last) return tell("There is nothing to undo here.");
  const { scope, command_id: undone_id } = last;
  await correct(scope, { command: "undo", undone_id }, { done: "Undone.", undo: false });
}

const ids = (items) => items.map((item) => item.item_id);

async function correct(scope, order, how) {
  underWay += 1;
  const settled = await carryOut(scope, order, how).finally(() => { underWay -= 1; });
  if (!settled) return null;
  document.dispatchEvent(new Event("cairn:corrected"));
  if (how.undo !== false) last = settled;
  return settled;
}
