// Tiles that somebody has chosen: by click, range, key or touch.

import { h } from "./dom.js";

/**
 * The choice among the tiles of a list. One tile at a time is in the tab order; arrows lead to the
 * others. Whoever makes a tile lets `adorn` make it ready to be chosen.
 */
export class Selection {
  #node;
  #changed;
  #rows = new WeakMap();
  #chosen = new Set();
  #current = null;
  #anchor = null;
  #always = false;

  /** changed: called with the items that are chosen, whenever these are others. */
  constructor(node, changed) {
    this.#node = node;
    this.#changed = changed;
    node.addEventListener("focusin", (event) => this.#focused(tileOf(event)));
    node.addEventListener("click", (event) => this.#clicked(event, tileOf(event)));
    node.addEventListener("keydown", (event) => this.#pressed(event, tileOf(event)));
    node.addEventListener("dragstart", (event) => this.#dragged(event, tileOf(event)));
    node.addEventListener("dragend", () => document.body.classList.remove("dragging"));
  }

  get items() {
    return [...this.#chosen].map((tile) => this.#rows.get(tile));
  }

  adorn(tile, item) {
    this.#rows.set(tile, item);
    tile.draggable = true;
    tile.append(check(item));
    tile.querySelector("a").tabIndex = this.#current ? -1 : 0;
    this.#current ??= tile;
    return tile;
  }

  all() {
    for (const tile of this.#tiles) this.#mark(tile, true);
    this.#changed(this.items);
  }

  clear() {
    for (const tile of [...this.#chosen]) this.#mark(tile, false);
    this.#anchor = null;
    this.#changed([]);
  }

  /** All tiles are made anew: those of before can be chosen no more. */
  reset() {
    this.clear();
    this.#rows = new WeakMap();
    this.#current = null;
  }

  /** Whether a click always chooses, as on a screen without keys it has to. */
  chooseAlways(on) {
    this.#always = on;
    this.#node.classList.toggle("choosing", on);
  }

  /** Focus the tile so many further on. */
  go(step) {
    const active = document.activeElement;
    const inside = this.#current && active !== this.#node && this.#node.contains(active);
    const tile = inside ? beyond(this.#current, step) : this.#node.firstElementChild;
    tile?.querySelector("a").focus();
  }

  /** Those that can be chosen. */
  get #tiles() {
    return [...this.#node.children].filter((tile) => this.#rows.has(tile));
  }

  #mark(tile, on) {
    if (on) this.#chosen.add(tile);
    else this.#chosen.delete(tile);
    tile.classList.toggle("chosen", on);
    tile.querySelector(".check input").checked = on;
  }

  #toggle(tile) {
    if (!this.#rows.has(tile)) return;
    this.#mark(tile, !this.#chosen.has(tile));
    this.#anchor = tile;
    this.#changed(this.items);
  }

  #range(tile) {
    const all = this.#tiles;
    if (!all.includes(tile)) return;
    const [from, to] = [all.indexOf(this.#anchor ?? tile), all.indexOf(tile)].sort((a, b) => a - b);
    for (const one of all.slice(Math.max(0, from), to + 1)) this.#mark(one, true);
    this.#changed(this.items);
  }

  #focused(tile) {
    if (!this.#rows.has(tile)) return;
    if (this.#current) this.#current.querySelector("a").tabIndex = -1;
    tile.querySelector("a").tabIndex = 0;
    this.#current = tile;
  }

  #clicked(event, tile) {
    const checked = event.target.matches(".check input");
    if (!this.#rows.has(tile)) {
      if (checked) event.preventDefault();
      return;
    }
    if (event.target.closest(".check") && !checked) return; // its input is clicked too
    if (event.shiftKey) this.#range(tile);
    else if (checked || this.#always || this.#chosen.size || event.ctrlKey || event.metaKey) {
      this.#toggle(tile);
    } else return; // the link leads to the photo
    if (checked) tile.querySelector("a").focus(); // shortcuts are silent within inputs
    else event.preventDefault();
  }

  #pressed(event, tile) {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === " " && tile) this.#toggle(tile);
    else if (event.key === "Home") this.go(-this.#node.childElementCount);
    else if (event.key === "End") this.go(this.#node.childElementCount);
    else if (event.key in STEPS) this.#step(STEPS[event.key](this.#node), event.shiftKey);
    else return;
    event.preventDefault();
  }

  #step(by, extend) {
    this.#anchor = extend ? this.#anchor ?? this.#current : null;
    this.go(by);
    if (extend) this.#range(this.#current);
  }

  #dragged(event, tile) {
    if (!this.#rows.has(tile)) {
      event.preventDefault();
      return;
    }
    if (!this.#chosen.has(tile)) {
      this.clear();
      this.#toggle(tile);
    }
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", this.items.map((item) => item.item_id).join("\n"));
    setTimeout(() => document.body.classList.add("dragging")); // what moves now would end the drag
  }
}

const STEPS = {
  ArrowRight: () => 1,
  ArrowLeft: () => -1,
  ArrowDown: (node) => columns(node),
  ArrowUp: (node) => -columns(node),
};

const tileOf = (event) => event.target.closest(".tile");

function check(item) {
  const label = `Select photo ${item.image_id}`;
  return h("label", { class: "check" },
    h("input", { type: "checkbox", tabindex: "-1", "aria-label": label }));
}

function beyond(tile, step) {
  const next = step > 0 ? "nextElementSibling" : "previousElementSibling";
  let found = tile;
  for (let left = Math.abs(step); left && found[next]; left -= 1) found = found[next];
  return found;
}

/** How many tiles stand in a row. */
function columns(node) {
  const top = node.firstElementChild?.offsetTop;
  const wrapped = [...node.children].findIndex((tile) => tile.offsetTop !== top);
  return wrapped < 0 ? Math.max(1, node.childElementCount) : wrapped;
}
