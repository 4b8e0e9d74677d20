// Why an item lies where it lies: the evidence of its assignment, in words and numbers.

import { h } from "../dom.js";
import { count, fixed, percent } from "../format.js";
import { clusterLink, imageOf } from "../names.js";
import { photoPage, picture } from "../parts.js";
import { distance, lasting } from "../units.js";
import { fact } from "./facts.js";

// As engine/evidence.py and engine/rapport.py have them; tests/unit/test_page_explain.py compares.
const NEEDED = 4.5;
const CIRCUMSTANCES = 2;
const MOST = 12;

/** found: {item, cluster, image, evidence}. showMatches: called with the id of an exemplar. */
export function explanation(found, showMatches) {
  const { item, evidence } = found;
  const trials = [...(evidence.trials ?? [])].sort((a, b) => b.verdict.belief - a.verdict.belief);
  return [
    h("p", { class: "why" }, why(found, trials)),
    h("dl", { class: "numbers" },
      fact("Confidence", percent(item.confidence)),
      evidence.similarity != null && fact("Most similar cluster", fixed(evidence.similarity)),
      evidence.runner_up != null && fact("Next cluster", fixed(evidence.runner_up))),
    trials.length > 0 && h("ol", { class: "trials" },
      trials.map((trial) => compared(trial, item.scope, showMatches))),
    trials.length > 0 && h("p", { class: "hint" },
      `Points that agree with one camera motion, the more distinctive the better, count for one place; `,
      `points that match but disagree count against it. More than ${NEEDED} is needed; `,
      `distance and time tip that by up to ${CIRCUMSTANCES}.`),
  ];
}

function why({ item, cluster, evidence }, trials) {
  const best = trials[0];
  if (evidence.kind !== "assign") return founded(evidence, trials);
  if (!best) {
    return "It joined the cluster whose photos it is, on average, most similar to. How similar is "
      + "enough is learned from this scope’s photos.";
  }
  const from = best.cluster_id === cluster.cluster_id ? "" : " Mergers or corrections brought it here since.";
  return `It shows the same place as ${imageOf(best.exemplar)}: ${matching(best.verdict)}.${from}`
    + (item.exemplar ? " This photo itself stands for the cluster where others are compared." : "");
}

function founded({ kind, similarity }, trials) {
  if (similarity == null) return "It founded a cluster: there was nothing to compare it with yet.";
  if (trials.length) {
    return `It founded a cluster: none of the ${count(trials.length, "photo")} it was compared with shows enough of the same points.`;
  }
  return kind === "defer"
    ? "It founded a cluster, though it came close to joining one: it may be worth a look."
    : "It founded a cluster: no other is similar enough.";
}

const matching = ({ inliers, matches }) => `${inliers} of ${count(matches, "matching point")} agree with one camera motion`;

function compared(trial, scope, showMatches) {
  const { verdict, exemplar } = trial;
  const other = { scope, item_id: exemplar, image_id: imageOf(exemplar) };
  return h("li", { class: "trial" },
    h("a", { href: photoPage(other) }, picture(other)),
    h("div", {},
      h("p", { class: "headline" },
        clusterLink(trial.cluster_id), outcome(verdict)),
      meter(verdict),
      h("dl", { class: "numbers" },
        fact("Points", `${verdict.inliers} of ${verdict.matches} agree`),
        fact("Support", fixed(verdict.support, 1)),
        fact("Overlap", percent(verdict.overlap)),
        fact("Similarity", fixed(trial.similarity)),
        trial.metres != null && fact("Distance", distance(trial.metres)),
        trial.seconds != null && fact("Time between", lasting(trial.seconds))),
      h("button", { on: { click: () => showMatches(exemplar) } }, "Show matching points")));
}

/** In the words of the engine: `agrees` is belief above what is needed. */
function outcome({ belief, matches }) {
  if (!matches) return h("span", { class: "badge" }, "no matching points");
  const off = belief - NEEDED;
  if (Math.abs(off) <= CIRCUMSTANCES) return h("span", { class: "badge doubt" }, off > 0 ? "just agrees" : "nearly agrees");
  return h("span", { class: off > 0 ? "badge good" : "badge" }, off > 0 ? "agrees" : "does not agree");
}

function meter({ belief }) {
  const value = Math.max(0, Math.min(MOST, belief));
  const text = `Evidence ${fixed(belief, 1)}, needed ${NEEDED}`;
  const fill = h("span", { class: belief > NEEDED ? "fill good" : "fill" });
  fill.style.width = `${value / MOST * 100}%`;
  const need = h("span", { class: "need" });
  need.style.left = `${NEEDED / MOST * 100}%`;
  return h("div", { class: "evidence" },
    h("span", { class: "scale", "aria-hidden": "true" }, fill, need), h("span", {}, text));
}

