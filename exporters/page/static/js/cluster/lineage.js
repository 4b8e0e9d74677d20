// What happened to a cluster, in plain sentences, newest first.

import { get } from "../api.js";
import { h } from "../dom.js";
import { count, iso, moment, percent } from "../format.js";
import { list } from "../list.js";
import { clusterLink, imageOf, photoLink } from "../names.js";

const AT_ONCE = 30;
const NAMED = 3;

/** Fill an ordered list with the lineage of a cluster; answers {reload}. */
export function history(node, cluster) {
  const { scope, cluster_id: id } = cluster;
  const known = new Map();
  async function load(cursor) {
    const part = await get("cluster/lineage", { scope, id, limit: AT_ONCE, cursor });
    const bodies = part.rows.map((row) => row.body).filter(worthTelling);
    const orders = bodies.map((body) => body.command_id).filter((one) => one && !known.has(one));
    await Promise.all([...new Set(orders)].map(
      async (one) => known.set(one, await get("command", { scope, id: one }))));
    return { rows: folded(bodies), cursor: part.cursor };
  }
  const make = (bodies) => told(bodies, id, known.get(bodies[0].command_id));
  return list(node, { load, make, nothing: "Nothing is told of it." });
}

/** A founder is told by the birth of its cluster; what follows from a correction, by that. */
function worthTelling(body) {
  const kind = kindOf(body);
  if (kind === "item.assigned") return body.evidence?.kind === "assign";
  const follows = kind === "items.carved" || kind.startsWith("constraint.");
  return !follows || constraintsOf(body).some((one) => one.explicit || !one.command_id);
}

const constraintsOf = (body) => body.constraints ?? [];
const kindOf = (body) => body.type.replace(/^cairn\.|\.v1$/g, "");

/** Photos that joined one after another become one entry. */
function folded(bodies) {
  const entries = [];
  for (const body of bodies) {
    const joins = kindOf(body) === "item.assigned";
    if (joins && entries.at(-1)?.[0].type === body.type) entries.at(-1).push(body);
    else entries.push([body]);
  }
  return entries;
}

function told(bodies, id, command) {
  const body = bodies[0];
  const undoes = command?.body?.command === "undo";
  return h("li", { class: body.command_id ? "by-person" : "" },
    h("p", {}, sentence(bodies, id)),
    body.command_id && h("p", { class: "hint" },
      undoes ? "Undone by " : "By ", body.author || "somebody",
      command?.asked_at != null && [", ", h("time", { datetime: iso(command.asked_at) }, moment(command.asked_at))]));
}

function sentence(bodies, id) {
  const say = SENTENCES[kindOf(bodies[0])];
  return say ? say(bodies[0], id, bodies) : bodies[0].type;
}

const SENTENCES = {
  "cluster.created": (body) => ["Founded by ", photoLink(body.item_id), "."],
  "item.assigned": (body, id, bodies) => joined(bodies),
  "cluster.confirmed": () => "Confirmed: it has enough photos.",
  "cluster.vouched": ({ confirmed, pinned }) => {
    if (pinned) return "Confirmed by a person: evidence alone takes it apart no more.";
    return confirmed ? "Counts as confirmed." : "No longer confirmed.";
  },
  "cluster.merged": (body, id) => body.cluster_id === id
    ? [clusterLink(body.retired_id), " became part of it."]
    : ["Became part of ", clusterLink(body.cluster_id), "."],
  "cluster.split": (body, id) => body.cluster_id === id
    ? ["Split off ", clusterLink(body.parent_id), " with ", photos(body.item_ids), "."]
    : [photos(body.item_ids), " split off into ", clusterLink(body.cluster_id), "."],
  "items.moved": (body, id) => body.cluster_id === id
    ? ["Out of ", clusterLink(body.source_id), " came ", photos(body.item_ids), "."]
    : [photos(body.item_ids), " went over to ", clusterLink(body.cluster_id), "."],
  "items.carved": (body) => [photos(body.item_ids), " taken out of a group of views."],
  "cluster.revived": (body, id) => body.cluster_id === id
    ? ["Lives again, no longer part of ", clusterLink(body.parent_id), ", with ", photos(body.item_ids), "."]
    : [clusterLink(body.cluster_id), " left again with ", photos(body.item_ids), "."],
  "cluster.named": (body) => body.name ? ["Named ", h("q", {}, body.name), "."] : "Its name was taken away.",
  "constraint.added": (body) => rule(body, "Two photos linked: they show the same.",
    "Two photos kept apart: they do not show the same."),
  "constraint.released": (body) => rule(body, "A link between two photos lifted.",
    "Two photos may lie together again."),
  "item.forgotten": (body) => [imageOf(body.item_id), " was forgotten."],
};

function rule(body, together, apart) {
  const one = constraintsOf(body).find((found) => found.explicit) ?? constraintsOf(body)[0];
  return one?.together ? together : apart;
}

function joined(bodies) {
  if (bodies.length === 1) return [photoLink(bodies[0].item_id), ` joined, ${percent(bodies[0].confidence)} sure.`];
  const named = bodies.slice(0, NAMED).map((body) => photoLink(body.item_id));
  const others = bodies.length - named.length;
  return [...separated(named), others ? ` and ${count(others, "other")}` : "", " joined."];
}

const separated = (nodes) => nodes.flatMap((node, n) => n ? [", ", node] : [node]);

const photos = (ids) => ids.length === 1 ? photoLink(ids[0]) : count(ids.length, "photo");
