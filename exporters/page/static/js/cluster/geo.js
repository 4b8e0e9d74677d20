// Where photos were taken, drawn without any map: metres around their middle, north up.

import { h, put } from "../dom.js";
import { count, place } from "../format.js";
import { s } from "../svg.js";
import { distance } from "../units.js";

const SIDE = 300;
const MIDDLE = SIDE / 2;
const METRES_A_DEGREE = 111195;
const NEAR_M = 10;
const LEAST_M = 15;
const BAR = 90;

/** rows: members; middle: the mean of their places, null where none has one. */
export function showPlaces(node, rows, middle) {
  const places = rows.map((row) => row.location).filter(Boolean);
  if (!places.length || !middle) return put(node, h("p", { class: "hint" }, "No photo here says where it was taken."));
  const spots = places.map((one) => offset(one, middle));
  const reach = Math.max(...spots.map(([east, north]) => Math.hypot(east, north)));
  const label = `${count(places.length, "photo")} within ${distance(reach)} of their middle, north up`;
  return put(node,
    drawing(spots, Math.max(LEAST_M, reach) * 1.12, label),
    h("p", { class: "coordinates" }, h("a", { href: `geo:${middle.lat},${middle.lon}` }, place(middle))),
    h("p", { class: "hint" },
      `${count(places.length, "photo")} of ${rows.length} with a place, within ${distance(reach)} of the middle.`,
      ` Cameras are often ${NEAR_M} m off, the dashed circle: nearer dots may be one spot.`));
}

/** Metres to the east and to the north. */
function offset({ lat, lon }, middle) {
  const turn = ((lon - middle.lon + 540) % 360) - 180;
  const shrink = Math.cos(middle.lat * Math.PI / 180);
  return [turn * METRES_A_DEGREE * shrink, (lat - middle.lat) * METRES_A_DEGREE];
}

function drawing(spots, reach, label) {
  const scale = MIDDLE / reach;
  return s("svg", { viewBox: `0 0 ${SIDE} ${SIDE}`, class: "places", role: "img", "aria-label": label },
    s("line", { x1: MIDDLE, x2: MIDDLE, y1: 0, y2: SIDE, class: "cross" }),
    s("line", { x1: 0, x2: SIDE, y1: MIDDLE, y2: MIDDLE, class: "cross" }),
    NEAR_M * scale > 4 && s("circle", { cx: MIDDLE, cy: MIDDLE, r: NEAR_M * scale, class: "near" }),
    spots.map(([east, north]) =>
      s("circle", { cx: MIDDLE + east * scale, cy: MIDDLE - north * scale, r: 5, class: "spot" })),
    north(),
    bar(scale));
}

const north = () => s("g", { class: "north" },
  s("path", { d: `M ${SIDE - 20} 14 l 6 16 l -6 -4 l -6 4 z` }),
  s("text", { x: SIDE - 20, y: 46 }, "N"));

/** A round number of metres, as long as fits. */
function bar(scale) {
  const most = BAR / scale;
  const power = 10 ** Math.floor(Math.log10(most));
  const metres = power * [5, 2, 1].find((one) => one * power <= most);
  return s("g", { class: "bar-of-space" },
    s("path", { d: `M 12 ${SIDE - 18} v 6 h ${metres * scale} v -6` }),
    s("text", { x: 12, y: SIDE - 24 }, distance(metres)));
}
