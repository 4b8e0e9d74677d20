// What people can put right, in the words of the page; the last of it can be undone by a key.
//
// Whenever something was corrected or undone, the document gets the event "cairn:corrected".
// Each answers the settled command, or null where nothing was done, or nobody knows yet; all are
// carried out as docs/schemas/cairn.command.v1.json has it, and only on clusters as they were shown.

import { Problem } from "./api.js";
import { settle } from "./commands.js";
import { count } from "./format.js";
import { called } from "./parts.js";
import { tell } from "./toast.js";

/** {scope, command_id} of what can be undone. */
let last = null;
let underWay = false;

/** Whether a correction of this page is on its way: what changes now is most likely that. */
export const correcting = () => underWay;

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
export const merge = (...clusters) => correct(
  clusters[0].scope,
  { command: "merge", cluster_ids: clusters.map((cluster) => cluster.cluster_id) },
  { done: `Merged ${count(clusters.length, "cluster")} into ${called(clusters[0])}.`, seen: clusters },
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
  if (last) await undo(last);
  else tell("There is nothing to undo here.");
}

const undo = ({ scope, command_id: undone_id }) =>
  correct(scope, { command: "undo", undone_id }, { done: "Undone.", undo: false });

const ids = (items) => items.map((item) => item.item_id);

/** done: what to say then. undo: whether it can be undone. */
async function correct(scope, order, { done, seen = [], undo: undoable = true }) {
  if (underWay) {
    tell("Nothing was done: the correction before this one is still under way.", { kind: "bad" });
    return null;
  }
  try {
    const settled = await waited(scope, { ...order, expects: revisions(seen) });
    last = undoable ? settled : null;
    tell(done, { kind: "good", action: undoable && { label: "Undo", run: () => undo(settled) } });
    document.dispatchEvent(new Event("cairn:corrected"));
    return settled;
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    if (error.handedIn) last = undoable ? { scope, command_id: error.handedIn } : null;
    tell(error.message, { kind: "bad", action: error.status === 409 ? reload : null });
    return null;
  }
}

const revisions = (seen) =>
  Object.fromEntries(seen.map((cluster) => [cluster.cluster_id, cluster.revision]));

async function waited(scope, order) {
  const working = tell("Working…", { stays: true });
  underWay = true;
  try {
    return await settle(scope, order);
  } finally {
    underWay = false;
    working();
  }
}

const reload = { label: "Look again", run: () => location.reload() };
