// Lengths of time and distances in words.

import { count, number } from "./format.js";

const LENGTHS = [
  [365.25 * 86400, "year"], [30.44 * 86400, "month"], [86400, "day"], [3600, "hour"],
  [60, "minute"], [1, "second"],
];

/** How long something lasts, in its largest unit: 100 000 seconds are "1 day". */
export function lasting(seconds) {
  const [unit, name] = LENGTHS.find(([length]) => seconds >= length) ?? [1, "second"];
  return count(Math.round(seconds / unit), name);
}

/** A distance: "12 m", "3.4 km", "120 km". */
export function distance(metres) {
  if (metres < 1000) return `${Math.round(metres)} m`;
  const kilometres = metres / 1000;
  return `${kilometres < 10 ? kilometres.toFixed(1) : number(Math.round(kilometres))} km`;
}
