// What was refused and what was corrected, a line each.

import { h } from "./dom.js";
import { ago, count, iso } from "./format.js";
import { badge } from "./parts.js";
import { page } from "./scope.js";

const line = (head, ...body) =>
  h("li", { class: "happening" }, h("p", { class: "badges" }, head), body.map((one) => h("p", {}, one)));

export const refusalKey = (row) => JSON.stringify([row.source, row.partition, row.offset, row.of, row.id]);

/** A message that changed nothing. */
export function refusal(row) {
  return line([badge(row.reason.replaceAll("_", " "), "bad"), badge(row.of)],
    h("span", { class: "subject", title: row.id }, row.id),
    h("span", { class: "hint" }, row.detail));
}

export const correctionKey = (row) => JSON.stringify([row.scope, row.command_id]);

/** A command and what became of it. */
export function correction(row) {
  const applied = row.status === "applied";
  return line([badge(row.status, applied ? "good" : "bad"), when(row)],
    applied ? order(row.scope, row.body) : row.body.detail,
    h("span", { class: "hint" }, `by ${row.author || "someone without a name"}`));
}

function when({ asked_at: at }) {
  return at == null ? null : h("time", { class: "hint", datetime: iso(at) }, ago(at));
}

/** An order in words, leading to the cluster it was about. */
function order(scope, body) {
  const clusterId = body.cluster_id ?? body.cluster_ids?.[0];
  const words = said(body);
  return clusterId ? h("a", { href: page("/cluster", { scope, id: clusterId }) }, words) : words;
}

function said(body) {
  const photos = count(body.item_ids?.length ?? 0, "photo");
  switch (body.command) {
    case "merge": return `Merged ${count(body.cluster_ids.length, "cluster")}`;
    case "split": return `Split off ${photos}`;
    case "move": return `Moved ${photos}${body.cluster_id ? "" : " to a new cluster"}`;
    case "confirm": return "Confirmed a cluster";
    case "name": return body.name ? `Named a cluster “${body.name}”` : "Took a cluster's name away";
    case "link": return `Linked ${photos}: ${body.together ? "always together" : "never together"}`;
    case "forget": return `Forgot the photo ${body.image_id}`;
    case "undo": return "Undid a correction";
    default: return `Carried out: ${body.command}`;
  }
}
