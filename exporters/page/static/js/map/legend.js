// The clusters of the map as a list: largest first, or those that somebody looks for.

import { h, put, the } from "../dom.js";
import { count, number } from "../format.js";
import { page } from "../scope.js";
import { background, colourOf } from "./colours.js";

const MOST = 60;

/** Places of clusters by how many points they have, and how many that is. */
function bySize(cluster, clusters) {
  const sizes = new Uint32Array(clusters.length);
  for (const place of cluster) sizes[place] += 1;
  const order = [...sizes.keys()].sort((one, other) => sizes[other] - sizes[one]);
  return order.map((place) => ({ place, size: sizes[place] }));
}

/** choose(place): called with a cluster's place, or null where it is chosen no more. */
export class Legend {
  constructor(scope, choose) {
    this.scope = scope;
    this.choose = choose;
    this.ranked = [];
    the("#find").addEventListener("input", () => this.show());
  }

  update(points) {
    this.points = points;
    this.ranked = bySize(points.cluster, points.clusters);
    this.show();
  }

  light(place) {
    this.lit = place;
    this.show();
  }

  show() {
    const wanted = the("#find").value.trim().toLowerCase();
    const found = this.ranked.filter(({ place }) => this.named(place).includes(wanted));
    const focused = document.activeElement?.closest?.("#legend [data-place]")?.dataset.place;
    the("#found").textContent = told(found.length, wanted);
    put(the("#legend"), found.slice(0, MOST).map((one) => this.row(one)));
    if (focused) the("#legend").querySelector(`[data-place="${focused}"]`)?.focus();
  }

  named(place) {
    return `${this.points.names[place]} ${this.points.clusters[place]}`.toLowerCase();
  }

  row({ place, size }) {
    const id = this.points.clusters[place];
    const called = this.points.names[place] || id.slice(0, 10);
    const lit = place === this.lit;
    const click = () => this.choose(lit ? null : place);
    const dot = h("span", { class: "dot" });
    dot.style.background = `rgb(${colourOf(id, background().dark)})`;
    const label = `Highlight ${called}`;
    return h("li", {},
      h("button", { class: "plain", "aria-pressed": String(lit), "aria-label": label, title: id, data: { place }, on: { click } },
        dot, h("span", { class: "name" }, called), h("span", { class: "size" }, number(size))),
      h("a", { href: page("/cluster", { scope: this.scope, id }), "aria-label": `Open ${called}` }, "open"),
    );
  }
}

function told(found, wanted) {
  if (!found) return "There is none of that name.";
  const shown = found > MOST ? `, the ${MOST} largest` : "";
  return `${count(found, "cluster")}${wanted ? " found" : ""}${shown}`;
}
