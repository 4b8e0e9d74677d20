// Colours of clusters: each always its own, by its id, readable on the page as it is.

const GOLDEN = 0.618033988749895;
const DIM = 0.22;
const STEP = 0.02;
/** Relative luminance by which a colour has 3:1 to the page, and to a card: at most, and at least. */
const ON_LIGHT = 0.25;
const ON_DARK = 0.14;

/** Red, green, blue of a cluster, 0 to 255. dark: of the page. */
export function colourOf(cluster_id, dark) {
  const number = hash(cluster_id);
  const hue = (number * GOLDEN) % 1;
  const step = (number >>> 7) % 3;
  const wanted = dark ? 0.58 + 0.09 * step : 0.36 + 0.08 * step;
  const saturation = (number >>> 11) % 2 ? 0.78 : 0.5;
  return readable(dark, wanted, (lightness) => fromHsl(hue, saturation, lightness));
}

/** The colour of that lightness, or of the nearest one that is told from the page. */
function readable(dark, wanted, made) {
  let lightness = wanted;
  while (dark ? luminance(made(lightness)) < ON_DARK : luminance(made(lightness)) > ON_LIGHT) {
    lightness += dark ? STEP : -STEP;
  }
  return made(lightness);
}

/** Relative luminance as WCAG 2.2 defines it, 0 to 1. */
function luminance(colour) {
  const [red, green, blue] = colour.map((part) => part / 255)
    .map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** Whether the page is dark just now, and the colour behind it. */
export function background() {
  const told = getComputedStyle(document.body).backgroundColor.match(/[\d.]+/g).map(Number);
  const [red, green, blue] = told;
  return { dark: red + green + blue < 384, back: [red, green, blue] };
}

/** Red, green, blue, emphasis of each point; lit: place of the only cluster that stands out. */
export function paint(cluster, clusters, lit) {
  const { dark, back } = background();
  const known = clusters.map((id) => colourOf(id, dark));
  const dim = known.map((colour) => colour.map((part, n) => part * DIM + back[n] * (1 - DIM)));
  const painted = new Uint8Array(4 * cluster.length);
  for (let point = 0; point < cluster.length; point += 1) {
    const stands = lit === null || cluster[point] === lit;
    painted.set((stands ? known : dim)[cluster[point]], 4 * point);
    painted[4 * point + 3] = stands ? 255 : 0;
  }
  return painted;
}

/** Calls back when the page turns dark or light. */
export function onThemeChange(run) {
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", run);
  const watched = { attributes: true, attributeFilter: ["data-theme"] };
  new MutationObserver(run).observe(document.documentElement, watched);
}

/** FNV-1a, 32 bits. */
function hash(text) {
  let sum = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) {
    sum = Math.imul(sum ^ text.charCodeAt(at), 0x01000193);
  }
  return sum >>> 0;
}

function fromHsl(hue, saturation, lightness) {
  const reach = saturation * Math.min(lightness, 1 - lightness);
  return [0, 8, 4].map((n) => {
    const at = (n + hue * 12) % 12;
    return 255 * (lightness - reach * Math.max(-1, Math.min(at - 3, 9 - at, 1)));
  });
}
