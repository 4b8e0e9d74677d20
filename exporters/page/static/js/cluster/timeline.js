// Members on an axis of time: stretches with photos, gaps between, and a way to look at a part.

import { h, put } from "../dom.js";
import { count, day, moment, span } from "../format.js";
import { s } from "../svg.js";
import { lasting } from "../units.js";

const HEIGHT = 84;
const BASE = 58;
const BIN = 8;
const TICK_EVERY = 110;
const HALF_LABEL = 34;
const DRAGGED = 6;
const GAP_SHARE = 0.06;
const MOST_GAPS = 9;
const FEW = 6;
const DAY = 86400;
const STEPS = [
  60, 300, 900, 3600, 3 * 3600, 6 * 3600, 12 * 3600, DAY, 2 * DAY, 7 * DAY, 14 * DAY, 30 * DAY,
  91 * DAY, 182 * DAY, 365 * DAY, 730 * DAY, 1826 * DAY, 3652 * DAY,
];
const clock = new Intl.DateTimeFormat("en", { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });

export class Timeline {
  #node;
  #zoomed;
  #times = [];
  #untimed = 0;
  #whole = true;
  #range = null;
  #brushing = false;

  /** zoomed: called with [from, to] in seconds, or null for all of the time. */
  constructor(node, zoomed) {
    this.#node = node;
    this.#zoomed = zoomed;
    let width = node.clientWidth;
    new ResizeObserver(() => {
      if (node.clientWidth === width) return;
      width = node.clientWidth;
      this.#draw();
    }).observe(node);
  }

  /** What is looked at, null for all of the time. */
  get range() {
    return this.#range;
  }

  /** rows: members in order of capture. whole: there are no others. */
  show({ rows, whole }) {
    this.#times = rows.map((row) => row.captured_at).filter((at) => at != null);
    this.#untimed = rows.length - this.#times.length;
    this.#whole = whole;
    if (this.#range && !within(this.#times, ...this.#range).length) this.#range = null;
    this.#draw();
  }

  #zoom(range) {
    this.#range = range;
    this.#draw();
    const buttons = this.#buttons;
    (buttons.find((one) => one.ariaPressed === "true") ?? buttons[0])?.focus();
    this.#zoomed(range);
  }

  get #buttons() {
    return [...this.#node.querySelectorAll(".phases button")];
  }

  /** Draw anew, but not under a hand; whoever was at a button goes on at the one in its place. */
  #draw() {
    if (this.#brushing) return;
    const place = this.#buttons.indexOf(document.activeElement);
    this.#drawNow();
    if (place >= 0) (this.#buttons[place] ?? this.#buttons.at(-1))?.focus();
  }

  #drawNow() {
    const times = this.#times;
    if (!times.length) return put(this.#node, h("p", { class: "hint" }, "No photo here says when it was taken."));
    const full = [times[0], times.at(-1)];
    put(this.#node,
      full[0] < full[1] && this.#axis(...(this.#range ?? full)),
      this.#phases(full),
      h("p", { class: "hint" }, this.#remarks(full)));
  }

  #axis(from, to) {
    const width = Math.max(240, this.#node.clientWidth);
    const pad = 10;
    const x = (at) => pad + (at - from) / (to - from || 1) * (width - 2 * pad);
    const at = (px) => from + (px - pad) / (width - 2 * pad) * (to - from);
    const times = within(this.#times, from, to);
    const label = `Timeline: ${count(times.length, "photo")}, ${span(from, to)}`;
    const drawing = s("svg", { width, height: HEIGHT, class: "axis", role: "img", "aria-label": label },
      s("line", { x1: 0, x2: width, y1: BASE, y2: BASE, class: "base" }),
      gaps(times).map((gap) => emptiness(gap, x)),
      bars(times, x),
      ticks(from, to, width)
        .filter((tick) => x(tick.at) > HALF_LABEL && x(tick.at) < width - HALF_LABEL)
        .map((tick) => mark(tick, x(tick.at))));
    this.#brush(drawing, at);
    return drawing;
  }

  /** Drag over the axis to look at that part alone. */
  #brush(drawing, at) {
    let start = null;
    const band = s("rect", { y: 0, height: BASE, class: "band" });
    const where = (event) => event.clientX - drawing.getBoundingClientRect().left;
    drawing.addEventListener("pointerdown", (event) => {
      start = where(event);
      this.#brushing = true;
      drawing.setPointerCapture(event.pointerId);
      drawing.append(band);
    });
    drawing.addEventListener("pointermove", (event) => {
      if (start === null) return;
      band.setAttribute("x", Math.min(start, where(event)));
      band.setAttribute("width", Math.abs(where(event) - start));
    });
    const end = () => {
      start = null;
      this.#brushing = false;
      this.#draw(); // what came meanwhile too
    };
    drawing.addEventListener("pointercancel", end);
    drawing.addEventListener("pointerup", (event) => {
      if (start === null) return;
      const ends = [start, where(event)].sort((a, b) => a - b);
      end();
      if (ends[1] - ends[0] < DRAGGED) return;
      const inside = within(this.#times, at(ends[0]), at(ends[1]));
      if (inside.length) this.#zoom([inside[0], inside.at(-1)]);
    });
  }

  /** Buttons: the stretches there are, or what lies before and after the one that is looked at. */
  #phases(full) {
    if (!this.#range) {
      const all = parts(this.#times);
      if (all.length < 2) return null;
      return group("Stretches of time", all.map((range) => this.#button(range, when(...range))));
    }
    const [from, to] = this.#range;
    const before = this.#times.filter((at) => at < from);
    const after = this.#times.filter((at) => at > to);
    return group("Before, during and after", [
      before.length > 0 && this.#button([full[0], before.at(-1)], "Before"),
      this.#button(this.#range, when(from, to), true),
      after.length > 0 && this.#button([after[0], full[1]], "After"),
      h("button", { on: { click: () => this.#zoom(null) } }, "All of the time"),
    ]);
  }

  #button(range, text, pressed = false) {
    return h("button", { "aria-pressed": String(pressed), on: { click: () => this.#zoom(range) } },
      text, " ", h("span", { class: "much" }, String(within(this.#times, ...range).length)));
  }

  #remarks(full) {
    const [first, last] = full;
    const long = first < last
      ? `${moment(first)} to ${moment(last)}, ${lasting(last - first)}.` : `${moment(first)}.`;
    const untimed = this.#untimed ? ` ${count(this.#untimed, "photo")} without a time.` : "";
    const more = this.#whole ? "" : ` Only the first ${this.#times.length} by time are drawn.`;
    return long + untimed + more;
  }
}

const group = (label, children) => h("div", { class: "phases", role: "group", "aria-label": label }, children);

const within = (times, from, to) => times.filter((at) => at >= from && at <= to);

function when(from, to) {
  if (day(from) !== day(to)) return span(from, to);
  return from === to ? moment(from) : `${day(from)}, ${clock.format(from * 1000)} to ${clock.format(to * 1000)}`;
}

/** The longest times without any photo, as far as they stand out: [last before, first after]. */
function gaps(times) {
  const found = times.slice(1).map((at, n) => [times[n], at]).sort((a, b) => length(b) - length(a));
  const least = Math.max(GAP_SHARE * (times.at(-1) - times[0]), 4 * length(found[found.length >> 1] ?? [0, 0]));
  return found.filter((gap) => length(gap) > least).slice(0, MOST_GAPS).sort((a, b) => a[0] - b[0]);
}

const length = ([from, to]) => to - from;

/** What lies between gaps; thirds of the time where there are none, so that keys can zoom too. */
function parts(times) {
  const between = stretches(times);
  if (between.length > 1 || times.length < FEW) return between;
  const [first, third] = [times[0], (times.at(-1) - times[0]) / 3];
  return [0, 1, 2]
    .map((n) => times.filter((at) => Math.min(2, Math.floor((at - first) / third)) === n))
    .filter((inside) => inside.length)
    .map((inside) => [inside[0], inside.at(-1)]);
}

function stretches(times) {
  const between = gaps(times);
  const starts = [times[0], ...between.map(([, after]) => after)];
  const ends = [...between.map(([before]) => before), times.at(-1)];
  return starts.map((start, n) => [start, ends[n]]);
}

function emptiness([from, to], x) {
  const wide = x(to) - x(from);
  return [
    s("line", { x1: x(from) + BIN, x2: x(to) - BIN, y1: BASE, y2: BASE, class: "gap" }),
    wide > 70 && s("text", { x: x(from) + wide / 2, y: BASE - 6, class: "length" }, lasting(to - from)),
  ];
}

/** Photos near each other as one bar, as high as there are many. */
function bars(times, x) {
  const bins = new Map();
  for (const at of times) {
    const bin = Math.floor(x(at) / BIN) * BIN;
    bins.set(bin, (bins.get(bin) ?? 0) + 1);
  }
  const most = Math.max(...bins.values());
  return [...bins].map(([bin, many]) => {
    const height = Math.max(6, many / Math.max(most, 6) * (BASE - 10));
    return s("rect", { x: bin + 1, y: BASE - height, width: BIN - 2, height, rx: 3, class: "bar-of-time" });
  });
}

function ticks(from, to, width) {
  const step = STEPS.find((one) => (to - from) / one <= width / TICK_EVERY) ?? STEPS.at(-1);
  const shift = new Date(from * 1000).getTimezoneOffset() * 60; // so that days begin where they do
  const first = Math.ceil((from - shift) / step) * step + shift;
  const text = step < DAY ? (at) => clock.format(at * 1000) : day;
  return Array.from({ length: Math.max(0, Math.floor((to - first) / step) + 1) },
    (_, n) => ({ at: first + n * step, text: text(first + n * step) }));
}

const mark = ({ text }, x) => [
  s("line", { x1: x, x2: x, y1: BASE, y2: BASE + 5, class: "base" }),
  s("text", { x, y: BASE + 19, class: "tick" }, text),
];
