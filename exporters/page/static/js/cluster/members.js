// The photos of a cluster as tiles: paged, ordered, of a part of the time, and chosen from.

import { get } from "../api.js";
import { the } from "../dom.js";
import { keys } from "../keys.js";
import { list } from "../list.js";
import { photoTile } from "../parts.js";
import { Selection } from "../selection.js";

const AT_ONCE = 60;
const NEW_AT_ONCE = 60;

export class Members {
  #cluster;
  #node = the("#photos");
  #order = the("#order");
  #list;
  #only = null;

  /** changed: called with the items that are chosen. */
  constructor(cluster, changed) {
    this.#cluster = cluster;
    this.selection = new Selection(this.#node, changed);
    this.#list = list(this.#node, {
      load: (cursor) => this.#load(cursor),
      make: (item) => this.#tile(item),
      nothing: "No photo lies here.",
      cleared: () => this.selection.reset(),
    });
    this.#order.addEventListener("change", () => this.reload());
    this.#listen();
  }

  /** Show these members alone, in this order; null: all of them. */
  only(rows) {
    this.#only = rows;
    this.reload();
  }

  /** Show what there is now; nothing stays chosen, nor can what is shown until then be. */
  reload() {
    this.selection.reset();
    this.#list.reload();
  }

  /**
   * Put new members where they belong, without touching the others. Answers what is shown now and
   * was not before; null where it is unclear what that would be.
   */
  async add(ids) {
    if (this.#only || this.#order.value !== "arrival" || ids.length > NEW_AT_ONCE) return null;
    const { scope, cluster_id: id } = this.#cluster;
    const part = await get("cluster/members", { scope, id, order: "arrival", limit: NEW_AT_ONCE });
    const known = new Set([...this.#node.children].map((tile) => tile.dataset.item));
    const fresh = part.rows.filter((row) => ids.includes(row.item_id) && !known.has(row.item_id));
    this.#node.prepend(...fresh.map((row) => {
      const tile = this.#tile(row);
      tile.classList.add("arrived");
      return tile;
    }));
    return fresh;
  }

  #tile(item) {
    return this.selection.adorn(photoTile(item), item);
  }

  #load(cursor) {
    if (this.#only) return slice(this.#only, Number(cursor ?? 0));
    const { scope, cluster_id: id } = this.#cluster;
    const query = { scope, id, order: this.#order.value, limit: AT_ONCE, cursor };
    return get("cluster/members", query);
  }

  #listen() {
    const mode = the("#choose");
    mode.addEventListener("click", () => {
      mode.ariaPressed = String(mode.ariaPressed !== "true");
      this.selection.chooseAlways(mode.ariaPressed === "true");
    });
    keys({
      j: ["next photo", () => this.selection.go(1)],
      k: ["previous photo", () => this.selection.go(-1)],
      Escape: ["choose nothing", () => this.selection.clear()],
      // Listed here, but read by the tiles: elsewhere these keys mean what they always mean.
      "← → ↑ ↓": ["another photo; with shift: choose on the way", () => {}],
      Space: ["choose the photo", () => {}],
      "Ctrl A": ["choose all photos that are shown", () => {}],
    });
    document.addEventListener("keydown", (event) => this.#allKey(event));
  }

  #allKey(event) {
    if (event.key !== "a" || !(event.ctrlKey || event.metaKey)) return;
    if (event.target.closest("input:not([type=checkbox]), textarea, select, dialog")) return;
    event.preventDefault();
    this.selection.all();
  }
}

async function slice(rows, start) {
  const end = start + AT_ONCE;
  return { rows: rows.slice(start, end), cursor: end < rows.length ? String(end) : null };
}
