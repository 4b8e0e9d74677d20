// Two photos large, side by side, and where they agree.

import { address, Problem, read } from "./api.js";
import { h, put, the } from "./dom.js";
import { isWanted } from "./keys.js";
import { photoPage } from "./parts.js";

/** Show two items' photos in the dialog `#zoom` of the page; it closes by itself on Escape. */
export function zoom(items) {
  const dialog = the("#zoom");
  const show = (node, lines) => {
    put(the("#zoom-photos"), node);
    the("#zoom-points").setAttribute("aria-pressed", lines);
  };
  const toggle = () => {
    const lines = the("#zoom-points").getAttribute("aria-pressed") === "true";
    if (lines) show(photos(items), false);
    else points(items, (node) => show(node, true));
  };
  the("#zoom-points").hidden = items.length < 2;
  the("#zoom-points").onclick = toggle;
  the("#zoom-close").onclick = () => dialog.close();
  dialog.onkeydown = (event) => {
    if (event.key === "m" && items.length > 1 && isWanted(event.key)) toggle();
    if (event.key === " " && event.target === the("#zoom-close")) dialog.close();
  };
  show(photos(items), false);
  dialog.showModal();
}

const photos = (items) => h("div", { class: "large" }, items.map(large));

function large(item) {
  return h("figure", {},
    picture(item),
    h("figcaption", {}, h("a", { href: photoPage(item) }, item.image_id)),
  );
}

/** The photo itself where originals are at hand, else what is kept of it. */
function picture({ scope, image_id }) {
  const query = { scope, id: image_id };
  const image = h("img", { src: address("image/picture", query), alt: `Photo ${image_id}` });
  const small = () => {
    image.addEventListener("error", () => image.classList.add("missing"), { once: true });
    image.src = address("image/thumbnail", query);
  };
  image.addEventListener("error", small, { once: true });
  return image;
}

async function points([one, other], show) {
  show(h("p", { class: "loading", role: "status" }, "Comparing…"));
  const names = `${one.image_id} and ${other.image_id}`;
  try {
    const query = { scope: one.scope, id: one.item_id, with: other.item_id };
    const src = URL.createObjectURL(await read("item/matches", query, (answer) => answer.blob()));
    const image = h("img", { src, alt: `Points that agree on photos ${names}` });
    image.addEventListener("load", () => URL.revokeObjectURL(src), { once: true });
    show(h("div", { class: "large" }, image));
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    show(h("p", { class: "notice", role: "status" }, error.message));
  }
}
