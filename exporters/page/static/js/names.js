// Links to photos and clusters of which only the id is known.

import { h } from "./dom.js";
import { page } from "./scope.js";

/** The image of an item: ids of items are those of their image, "#" and a number. */
export const imageOf = (item_id) => item_id.slice(0, item_id.lastIndexOf("#")) || item_id;

export const photoLink = (item_id) => h("a", { href: page("/photo", { id: item_id }) }, imageOf(item_id));

export const clusterLink = (id) =>
  h("a", { href: page("/cluster", { id }), title: id }, id.slice(0, 10));
