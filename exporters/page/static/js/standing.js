// How much there is, and how far behind the workers and the view are.

import { h } from "./dom.js";
import { ago, count, number } from "./format.js";
import { badge } from "./parts.js";

const STALE_S = 60;

/** What `counts` answers, as pairs of a description list. */
export function totals(counts) {
  const { confirmed = 0, pending = 0, retired = 0 } = counts.clusters;
  const refused = counts.rejections.reduce((sum, one) => sum + one.count, 0);
  return [
    ["photos", counts.images],
    ["items on them", counts.items],
    ["confirmed clusters", confirmed],
    ["pending clusters", pending],
    ["retired clusters", retired],
    ["refused messages", refused, reasons(counts.rejections)],
  ].map(([name, value, more]) => h("div", {}, h("dt", {}, name), h("dd", {}, number(value)), more));
}

const reasons = (rejections) => rejections.length > 0 && h("dd", { class: "badges" },
  rejections.map((one) => badge(`${one.reason.replaceAll("_", " ")} ${number(one.count)}`, "bad")));

/** What `feed` answers, as a line; nothing is told of a view that was made at one go. */
export function freshness(rows, now = Date.now() / 1000) {
  if (!rows.length) return ["How far behind the view is, is not known."];
  const told = Math.min(...rows.map((row) => row.told_at));
  const old = now - told > STALE_S;
  return [
    badge(lag(rows), old || rows.some((row) => row.behind) ? "doubt" : "good"),
    ` as of ${ago(told, now)}`,
  ];
}

function lag(rows) {
  const sum = (chosen) => chosen.reduce((total, row) => total + row.behind, 0);
  const workers = sum(rows.filter((row) => row.source === "images"));
  const view = sum(rows.filter((row) => row.source !== "images"));
  const late = [
    workers && `workers are ${count(workers, "photo")} behind`,
    view && `this view is ${count(view, "record")} behind`,
  ].filter(Boolean);
  return late.join(", ") || "up to date";
}
