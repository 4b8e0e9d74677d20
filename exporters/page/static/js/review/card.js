// One suggestion, large.

import { h } from "../dom.js";
import { moment, span } from "../format.js";
import { badges, clusterPage, photoPage, picture } from "../parts.js";

const QUESTIONS = {
  apart: "Do these two clusters belong together?",
  small: "Do these two photos belong together?",
  unsure: "Does this photo lie on the right cluster?",
};

export const question = (kind) => QUESTIONS[kind];

/** look(side, photo): called where somebody wants to see a photo large. */
export function card(kind, { sides, facts }, look) {
  return h("article", { class: "doubtful", "aria-labelledby": "question" },
    h("header", {},
      h("h2", { id: "question", tabindex: "-1" }, question(kind)),
      h("p", { class: "facts" }, facts.map((fact) => h("span", {}, fact))),
    ),
    h("div", { class: "sides", data: { count: sides.length } },
      sides.map((side, place) => sideOf(side, (photo) => look(place, photo)))),
  );
}

/** What a key leads to: the first side's cluster, or its photo. */
export const leadsTo = ({ sides: [side] }) =>
  side.cluster ? clusterPage(side.cluster) : photoPage(side.photos[0]);

function sideOf({ title, cluster, photos }, look) {
  const href = cluster ? clusterPage(cluster) : photoPage(photos[0]);
  return h("section", { class: "card side" },
    h("header", {},
      h("h3", {}, h("a", { href, title: cluster?.cluster_id ?? title }, title)),
      cluster ? badges(cluster) : taken(photos[0]),
      cluster && h("p", { class: "facts" }, span(cluster.first, cluster.last) || "no times"),
    ),
    h("ul", { class: "shots" }, photos.map((photo) => h("li", {}, shot(photo, look)))),
  );
}

function taken({ captured_at }) {
  return h("p", { class: "facts" }, captured_at == null ? "no time" : moment(captured_at));
}

function shot(photo, look) {
  const label = `Look at photo ${photo.image_id} large`;
  return h("button", { class: "shot", "aria-label": label, on: { click: () => look(photo) } },
    picture(photo, { alt: "", loading: "eager" }));
}
