// Numbers, times and places for people; times in the time zone of whoever looks.

const whole = new Intl.NumberFormat("en");
const dayOf = new Intl.DateTimeFormat("en", { day: "numeric", month: "short", year: "numeric" });
const momentOf = new Intl.DateTimeFormat("en", {
  day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23",
});

export const count = (number, one, many = `${one}s`) =>
  `${whole.format(number)} ${number === 1 ? one : many}`;
export const number = (value) => whole.format(value);
export const percent = (share) => `${Math.round(share * 100)} %`;
export const fixed = (value, digits = 2) => value.toFixed(digits);
export const day = (seconds) => dayOf.format(seconds * 1000);
export const moment = (seconds) => momentOf.format(seconds * 1000);
export const iso = (seconds) => new Date(seconds * 1000).toISOString();
export const place = ({ lat, lon }) => `${lat.toFixed(5)}, ${lon.toFixed(5)}`;

const EARTH_M = 6_371_000;
const radians = (degrees) => (degrees * Math.PI) / 180;

/** How far two places are from one another (haversine). */
export function distance(one, other) {
  const [lat, lon] = [other.lat - one.lat, other.lon - one.lon].map((by) => Math.sin(radians(by) / 2));
  const chord = lat * lat + Math.cos(radians(one.lat)) * Math.cos(radians(other.lat)) * lon * lon;
  const metres = 2 * EARTH_M * Math.asin(Math.min(1, Math.sqrt(chord)));
  return metres < 1000 ? `${Math.round(metres)} m` : `${fixed(metres / 1000, 1)} km`;
}

/** First to last day, one day where they are the same, empty without times. */
export function span(first, last) {
  if (first == null || last == null) return "";
  const [from, to] = [day(first), day(last)];
  return from === to ? from : `${from} to ${to}`;
}

/** How long ago, roughly. */
export function ago(seconds, now = Date.now() / 1000) {
  const passed = Math.max(0, now - seconds);
  if (passed < 60) return `${Math.round(passed)} s ago`;
  if (passed < 3600) return `${Math.round(passed / 60)} min ago`;
  if (passed < 86400) return `${Math.round(passed / 3600)} h ago`;
  return count(Math.round(passed / 86400), "day") + " ago";
}
