// The contact sheet: which clusters are shown, which are selected, which changed since.

import { get, Problem } from "./api.js";
import { h } from "./dom.js";
import { called, clusterCard, clusterPage } from "./parts.js";

const keyOf = (where, id) => JSON.stringify([where, id]);
export const keyOfCluster = (cluster) => keyOf(cluster.scope, cluster.cluster_id);

export class Sheet {
  #node;
  #shown = new Map();
  #picked = new Map();
  #news = new Map();
  #told;

  /** told: called whenever selection or news are different. */
  constructor(node, told) {
    this.#node = node;
    this.#told = told;
    node.addEventListener("change", (event) => this.#pick(event.target));
  }

  /** A cluster as an entry of the sheet, in place of the one that showed it before. */
  entry(cluster) {
    const key = keyOfCluster(cluster);
    const entry = h("li", { draggable: String(cluster.state !== "retired"), data: { key } }, card(cluster));
    this.#shown.set(key, cluster);
    if (this.#picked.has(key)) this.#setPicked(key, cluster.state !== "retired" && cluster, entry);
    return entry;
  }

  /** Everything is about to be drawn anew. What is selected stays so, shown or not. */
  forgetNews() {
    this.#news.clear();
    this.#told();
  }

  clusterAt(node) {
    const entry = node.closest("li[data-key]");
    return entry && this.#shown.get(entry.dataset.key);
  }

  entryOf = (cluster) => this.entryAt(keyOfCluster(cluster));
  entryAt = (key) => this.#node.querySelector(`li[data-key="${CSS.escape(key)}"]`);

  get picked() {
    return [...this.#picked.values()];
  }

  unpick() {
    for (const key of this.#picked.keys()) this.#mark(this.entryAt(key), false);
    this.#picked.clear();
    this.#told();
  }

  /** Clusters that events were about after they were drawn. */
  get news() {
    for (const [key, number] of this.#news) {
      if ((this.#shown.get(key)?.changed ?? 0) >= number) this.#news.delete(key);
    }
    return this.#news.size;
  }

  hear(events) {
    for (const event of events) {
      const ids = [event.cluster_id, event.retired_id, event.source_id, event.parent_id];
      for (const id of ids.filter(Boolean)) this.#news.set(keyOf(event.scope, id), event.number);
    }
    this.#told();
  }

  /** Draw clusters as they are now, each where it lies; retired ones are put away. */
  async redraw(clusters, keepRetired) {
    await Promise.all(clusters.map(async (cluster) => {
      const old = this.entryOf(cluster);
      if (!old) return;
      const now = await get("cluster", { scope: cluster.scope, id: cluster.cluster_id }).catch(gone);
      const entry = now && this.entry(now);
      if (entry) old.replaceWith(entry);
      (entry ?? old).hidden = !now || (now.state === "retired" && !keepRetired);
    }));
    this.#told();
  }

  #pick(box) {
    const entry = box.closest("li[data-key]");
    this.#setPicked(entry.dataset.key, box.checked && this.#shown.get(entry.dataset.key), entry);
    this.#told();
  }

  #setPicked(key, cluster, entry) {
    if (cluster) this.#picked.set(key, cluster);
    else this.#picked.delete(key);
    this.#mark(entry, Boolean(cluster));
  }

  #mark(entry, picked) {
    if (!entry) return;
    entry.classList.toggle("chosen", picked);
    const box = entry.querySelector("input");
    if (box) box.checked = picked;
  }
}

function card(cluster) {
  const retired = cluster.state === "retired";
  const made = clusterCard(cluster, retired && heirOf(cluster));
  const pick = h("input", { type: "checkbox", "aria-label": `Select ${called(cluster)}` });
  if (!retired) made.append(h("label", { class: "pick" }, pick));
  made.querySelector("h3 a").draggable = false;
  return made;
}

function heirOf(cluster) {
  if (!cluster.heir) return h("p", { class: "hint" }, "Nothing of it is left.");
  const heir = { ...cluster, cluster_id: cluster.heir, name: "" };
  return h("p", { class: "hint" }, "It became ", h("a", { href: clusterPage(heir) }, called(heir)), ".");
}

function gone(problem) {
  if (problem instanceof Problem && problem.status === 404) return null; // its last photo was forgotten
  throw problem;
}
