// How fast photos come, by the events that were seen since the page was opened.

export const BIN_MS = 10_000;
const BINS = 30;
const LAST_MINUTE = 60_000 / BIN_MS;
const SVG = "http://www.w3.org/2000/svg";

/** Counts photos, each once, in bins of ten seconds; `now` in milliseconds. */
export class Pace {
  #bins = new Map();

  add(events, now) {
    const bin = Math.floor(now / BIN_MS);
    const photos = this.#bins.get(bin) ?? new Set();
    for (const { scope, image_id: image } of events) {
      if (image) photos.add(JSON.stringify([scope, image]));
    }
    this.#bins.set(bin, photos);
    for (const old of this.#bins.keys()) if (old <= bin - BINS) this.#bins.delete(old);
  }

  /** Photos of each bin of the last five minutes, oldest first. */
  counts(now) {
    const last = Math.floor(now / BIN_MS);
    return Array.from({ length: BINS }, (_, at) => this.#bins.get(last - BINS + 1 + at)?.size ?? 0);
  }

  lastMinute(now) {
    return this.counts(now).slice(-LAST_MINUTE).reduce((sum, part) => sum + part, 0);
  }
}

/** Draw counts as bars into an SVG element. */
export function sparkline(svg, counts) {
  const most = Math.max(1, ...counts);
  svg.setAttribute("viewBox", `0 0 ${counts.length * 4} 24`);
  svg.replaceChildren(...counts.map((part, at) => bar(at * 4, 24 * (part / most))));
}

function bar(x, height) {
  const rect = document.createElementNS(SVG, "rect");
  const shown = Math.max(1, height);
  for (const [name, value] of Object.entries({ x, y: 24 - shown, width: 3, height: shown })) {
    rect.setAttribute(name, value);
  }
  return rect;
}
