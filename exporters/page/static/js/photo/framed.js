// A photo, large, with frames around what was found on it.

import { address } from "../api.js";
import { h } from "../dom.js";
import { photoPage } from "../parts.js";
import { s } from "../svg.js";

const ALL_OF_IT = 0.98;

/** The photo of an item: the small picture at once, the large one as soon as it is there. */
export function framed(item, image) {
  const { scope, image_id: id, width, height } = image;
  const shown = h("img", { src: address("image/thumbnail", { scope, id }), alt: `Photo ${id}` });
  shown.addEventListener("error", () => shown.classList.add("missing"), { once: true });
  const large = new Image();
  large.addEventListener("load", () => {
    shown.classList.remove("missing");
    shown.src = large.src;
  });
  large.src = address("image/picture", { scope, id });
  const node = h("div", { class: "framed" }, shown,
    s("svg", { viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none" },
      image.items.filter((one) => one.item_id !== item.item_id).map(other),
      isPart(item.box, image) && frame(item, "own")));
  node.style.setProperty("--ratio", width / height);
  return node;
}

const isPart = ({ left, top, right, bottom }, { width, height }) =>
  (right - left) * (bottom - top) < ALL_OF_IT * width * height;

const other = (item) => s("a", { href: photoPage(item), "aria-label": `Also on this photo: ${nameOf(item)}` }, frame(item, "other"));

const frame = ({ box, ...item }, kind) => s("rect", {
  x: box.left, y: box.top, width: box.right - box.left, height: box.bottom - box.top, class: kind,
}, s("title", {}, nameOf(item)));

const nameOf = ({ label, item_id }) => label ? `${label} (${item_id})` : item_id;
