// What several pages show: clusters as cards, photos as tiles.

import { address } from "./api.js";
import { h } from "./dom.js";
import { count, moment, iso, percent, place, span } from "./format.js";
import { page, scope } from "./scope.js";

export const clusterPage = (cluster) =>
  page("/cluster", { scope: cluster.scope, id: cluster.cluster_id });
export const photoPage = (item) => page("/photo", { scope: item.scope, id: item.item_id });

/** What a cluster is called: its name, or the beginning of its id. */
export const called = (cluster) => cluster.name || cluster.cluster_id.slice(0, 10);

const AGAIN_MS = 5000;
const MOST_TRIES = 4;

/** The item's small picture; a grey stone as long as there is none. */
export function picture(item, properties = {}) {
  const src = address("item/thumbnail", { scope: item.scope, id: item.item_id });
  const image = h("img", {
    src, alt: `Photo ${item.image_id}`, loading: "lazy", decoding: "async", ...properties,
  });
  image.addEventListener("error", () => image.classList.add("missing"));
  image.addEventListener("load", () => image.classList.remove("missing"));
  keepTrying(image, src);
  return image;
}

/** Small pictures are made a little after their photos came in; some never can be. */
function keepTrying(image, src) {
  let left = MOST_TRIES;
  image.addEventListener("error", () => {
    if (left === 0) return;
    left -= 1;
    setTimeout(() => image.setAttribute("src", src), AGAIN_MS);
  });
}

/** Image ids are often paths, which begin alike. */
const fileOf = ({ image_id: id }) => id.slice(id.lastIndexOf("/") + 1) || id;

/** A photo with its caption, leading to its page. */
export function photoTile(item, ...more) {
  const when = item.captured_at == null
    ? h("span", {}, "no time")
    : h("time", { datetime: iso(item.captured_at) }, moment(item.captured_at));
  return h("li", { class: "tile", data: { item: item.item_id } },
    h("a", { href: photoPage(item), draggable: "false" }, picture(item, { draggable: "false" })),
    h("p", { class: "name", title: item.image_id }, fileOf(item)),
    h("p", { class: "facts" }, when, h("span", { title: "confidence" }, percent(item.confidence))),
    more,
  );
}

export const badge = (text, kind = "") => h("span", { class: `badge ${kind}` }, text);

export function badges(cluster) {
  return h("p", { class: "badges" },
    badge(count(cluster.size, "photo")),
    badge(cluster.state, cluster.state === "confirmed" ? "good" : "doubt"),
    cluster.quality === "low" && badge("low quality", "doubt"),
    cluster.pinned && badge("confirmed by a person", "good"),
  );
}

/** A cluster as a contact sheet. */
export function clusterCard(cluster, ...more) {
  return h("article", { class: "card cluster", data: { cluster: cluster.cluster_id } },
    h("header", {},
      h("h3", {}, h("a", { href: clusterPage(cluster), title: cluster.cluster_id }, called(cluster))),
      badges(cluster),
      h("p", { class: "facts" },
        h("span", {}, span(cluster.first, cluster.last)),
        cluster.place && h("span", {}, place(cluster.place)),
        !scope() && h("span", {}, cluster.scope),
      ),
    ),
    h("ul", { class: "photos", data: { shown: cluster.exemplars.length } },
      cluster.exemplars.map((item) => photoTile(item))),
    more,
  );
}

export const empty = (text, ...more) => h("div", { class: "empty" }, h("p", {}, text), more);

/** A failure, with a way to try again. */
export function failure(error, again) {
  return h("div", { class: "notice bad", role: "alert" },
    h("p", {}, error.message),
    again && h("button", { on: { click: again } }, "Try again"),
  );
}
