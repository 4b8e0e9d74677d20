// The map of a scope: photos as points in three dimensions, coloured by cluster.

import { get, Problem, read } from "../api.js";
import { h, put, the } from "../dom.js";
import { count, moment, percent } from "../format.js";
import { keys } from "../keys.js";
import { Cloud, NoWebGL } from "../map/cloud.js";
import { onThemeChange, paint } from "../map/colours.js";
import { handle } from "../map/handling.js";
import { Legend } from "../map/legend.js";
import { called, clusterPage, empty, failure, photoPage, picture } from "../parts.js";
import { someScope } from "../scope.js";

const AGAIN_MS = 60_000;
const AGAIN_WHILE_EMPTY_MS = 3_000;

class Map3D {
  constructor(scope) {
    this.scope = scope;
    this.version = null;
    this.points = null;
    this.lit = null;
    this.cloud = null;
    this.legend = new Legend(scope, (place) => this.light(place));
    this.hovered = -1;
  }

  async start() {
    put(the("#content"), h("p", { class: "loading", role: "status" }, "Loading…"));
    try {
      await this.load();
      this.loadLater();
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      put(the("#content"), failure(error, () => this.start()));
    }
  }

  /** The map is drawn anew once a minute; clusters change meanwhile. */
  loadLater() {
    const empty = !this.points?.items.length;
    setTimeout(async () => {
      if (!document.hidden) await this.load().catch(ignored);
      this.loadLater();
    }, empty ? AGAIN_WHILE_EMPTY_MS : AGAIN_MS);
  }

  async load() {
    const drawn = await read("map", { scope: this.scope }, async (answer) => {
      const version = answer.headers.get("ETag");
      return version === this.version ? null : { version, points: await answer.json() };
    });
    if (!drawn) return;
    this.version = drawn.version;
    this.show(drawn.points);
  }

  show(points) {
    const lit = this.lit === null ? null : this.points.clusters[this.lit];
    this.points = points;
    the("#map").hidden = !points.items.length;
    if (!points.items.length) return void put(the("#content"), nothing());
    put(the("#content"));
    this.lit = lit === null ? null : at(points.clusters, lit);
    this.legend.update(points);
    this.legend.light(this.lit);
    this.draw(points);
    return undefined;
  }

  draw({ items, clusters, x, y, z }) {
    this.cloud ??= this.open();
    if (!this.cloud) return;
    const places = new Float32Array(3 * items.length);
    for (let n = 0; n < items.length; n += 1) places.set([x[n], y[n], z[n]], 3 * n);
    this.cloud.show(places);
    this.paint();
    const told = `${count(items.length, "photo")} on ${count(clusters.length, "cluster")}`;
    this.cloud.canvas.setAttribute(
      "aria-label", `Map of ${told}. Arrow keys turn it, plus and minus zoom. The list tells the clusters.`,
    );
  }

  open() {
    try {
      const cloud = new Cloud(the("#cloud"));
      handle(cloud, {
        hover: (x, y) => this.hover(x, y),
        left: () => this.unhover(),
        click: (x, y) => this.choose(cloud.pick(x, y)),
      });
      onThemeChange(() => this.repaint());
      return cloud;
    } catch (error) {
      if (!(error instanceof NoWebGL)) throw error;
      the("#stage").hidden = true;
      put(the("#content"), h("p", { class: "notice bad" },
        "This browser draws no WebGL, so there are only the clusters as a list."));
      return null;
    }
  }

  paint() {
    this.cloud?.paint(paint(this.points.cluster, this.points.clusters, this.lit));
  }

  repaint() {
    this.paint();
    this.legend.show();
  }

  /** Let one cluster stand out, by its place; null: none. */
  light(place) {
    this.lit = place;
    this.legend.light(place);
    this.paint();
    if (this.cloud) this.cloud.camera.target = place === null ? [0, 0, 0] : this.middle(place);
  }

  middle(place) {
    const { cluster, x, y, z } = this.points;
    const on = [...cluster.keys()].filter((point) => cluster[point] === place);
    return [x, y, z].map((axis) => on.reduce((sum, point) => sum + axis[point], 0) / on.length);
  }

  /** Picking costs a look at every point: once a frame is enough. */
  hover(x, y) {
    const asked = this.pointer;
    this.pointer = [x, y];
    if (asked) return;
    requestAnimationFrame(() => {
      const [left, top] = this.pointer ?? [];
      this.pointer = null;
      if (left !== undefined) this.showHover(this.cloud.pick(left, top), left, top);
    });
  }

  showHover(point, left, top) {
    const node = the("#hover");
    node.hidden = point < 0;
    the("#cloud").classList.toggle("over", point >= 0);
    if (point < 0) return;
    if (point !== this.hovered) put(node, this.told(point));
    this.hovered = point;
    const { clientWidth: width, clientHeight: height } = the("#stage");
    const right = left > width - node.offsetWidth - 24;
    const low = top > height - node.offsetHeight - 24;
    node.style.left = `${right ? left - node.offsetWidth - 14 : left + 14}px`;
    node.style.top = `${low ? top - node.offsetHeight - 14 : top + 14}px`;
  }

  unhover() {
    this.pointer = null;
    this.hovered = -1;
    the("#hover").hidden = true;
  }

  told(point) {
    const { item_id, image_id, cluster } = this.about(point);
    return [
      picture({ scope: this.scope, item_id, image_id }, { loading: "eager" }),
      h("p", { class: "name" }, image_id),
      h("p", { class: "hint" }, cluster),
    ];
  }

  about(point) {
    const { items, clusters, names, cluster } = this.points;
    const item_id = items[point];
    const id = clusters[cluster[point]];
    const image_id = item_id.slice(0, item_id.lastIndexOf("#"));
    return { item_id, image_id, cluster: names[cluster[point]] || id.slice(0, 10) };
  }

  /** Show a photo beside the map. */
  async choose(point) {
    if (point < 0) return;
    const id = this.points.items[point];
    this.wanted = id;
    try {
      const { item, cluster } = await get("item", { scope: this.scope, id });
      if (this.wanted === id) this.showChosen(item, cluster);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      if (this.wanted === id) this.showBeside(failure(error));
    }
  }

  showChosen(item, cluster) {
    const light = () => this.light(at(this.points.clusters, cluster.cluster_id));
    const when = item.captured_at == null ? "no time" : moment(item.captured_at);
    this.showBeside(
      h("a", { href: photoPage(item) }, picture(item, { loading: "eager" })),
      h("h2", {}, h("a", { href: photoPage(item) }, item.image_id)),
      h("p", { class: "facts" }, h("span", {}, when), h("span", {}, `confidence ${percent(item.confidence)}`)),
      h("p", {}, "on ", h("a", { href: clusterPage(cluster) }, called(cluster)), `, ${count(cluster.size, "photo")}`),
      h("p", { class: "row" },
        h("button", { on: { click: light } }, "Highlight its cluster"),
        h("button", { on: { click: () => this.unchoose() } }, "Close")),
    );
  }

  showBeside(...nodes) {
    the("#chosen").hidden = false;
    put(the("#chosen"), ...nodes);
  }

  unchoose() {
    this.wanted = null;
    the("#chosen").hidden = true;
    the("#cloud").focus();
  }

  reset() {
    this.cloud?.camera.reset();
    if (this.points?.items.length) this.light(null);
  }
}

/** The place of an id, null where it is not there. */
function at(ids, id) {
  const place = ids.indexOf(id);
  return place < 0 ? null : place;
}

const nothing = () => empty("Nothing is on the map yet: it is drawn once a minute, and shown here by itself.");

function ignored(error) {
  if (!(error instanceof Problem)) throw error; // the next minute asks anew
}

const scope = await someScope();
if (scope) {
  const map = new Map3D(scope);
  the("#reset").addEventListener("click", () => map.reset());
  keys({
    0: ["reset the view", () => map.reset()],
    "/": ["find a cluster", () => the("#find").focus()],
  });
  await map.start();
} else {
  put(the("#content"), empty("No photos have come yet."));
}
