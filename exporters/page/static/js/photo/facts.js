// What is known of a photo and of what was found on it.

import { h } from "../dom.js";
import { iso, moment, number, percent, place } from "../format.js";

export const fact = (name, ...value) => [h("dt", {}, name), h("dd", {}, ...value)];

export function facts(item, image) {
  return [
    fact("Taken", image.captured_at == null ? "unknown"
      : h("time", { datetime: iso(image.captured_at) }, moment(image.captured_at))),
    fact("Place", image.location
      ? h("a", { href: `geo:${image.location.lat},${image.location.lon}` }, place(image.location)) : "unknown"),
    fact("Size", `${number(image.width)} × ${number(image.height)} pixels`),
    item.label && fact("Found", `${item.label}, ${percent(item.score)} sure`),
    item.quality < 1 && fact("Quality", percent(item.quality)),
    image.items.length > 1 && fact("On this photo", `${number(image.items.length)} items`),
    Object.entries(image.attributes).map(([name, value]) => fact(name, value)),
  ].flat(2);
}
