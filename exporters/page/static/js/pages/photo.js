// One photo: what is known of it, why it lies where it lies, and what can be put right.

import { get, Problem, read } from "../api.js";
import { chosenPhoto } from "../asking.js";
import { link, split, undoLast } from "../corrections.js";
import { forgetAsked, moveSomewhere } from "../deciding.js";
import { h, put, the } from "../dom.js";
import { percent } from "../format.js";
import { keys } from "../keys.js";
import { badges, called, clusterPage, empty, failure, photoTile } from "../parts.js";
import { showBeside } from "../photo/beside.js";
import { explanation } from "../photo/explain.js";
import { facts } from "../photo/facts.js";
import { framed } from "../photo/framed.js";
import { page, scope } from "../scope.js";
import { tell } from "../toast.js";

const LIKE = 12;
const id = new URLSearchParams(location.search).get("id") ?? "";
let found = null;

if (scope() && id) start();
else put(the("#state"), empty("Choose a photo to look at.", toClusters()));

function toClusters() {
  return h("p", {}, h("a", { class: "button", href: page("/clusters") }, "All clusters"));
}

async function start() {
  put(the("#state"), h("p", { class: "loading" }, "Loading…"));
  if (!await look()) return;
  keys({ u: ["undo the last correction", undoLast] });
  for (const act of ACTS) keys({ [act.key]: [act.label.replace("…", ""), act.run] });
  put(the("#acts"), ACTS.map((act) =>
    h("button", { title: `${act.label} (${act.key})`, on: { click: act.run } }, act.label)));
  document.addEventListener("cairn:corrected", look);
}

/** Show what there is now; answers whether there was anything. */
async function look() {
  try {
    found = await get("item", { scope: scope(), id });
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    leave(error);
    return false;
  }
  the("#state").hidden = true;
  the("#photo").hidden = false;
  show();
  return true;
}

function leave(error) {
  the("#photo").hidden = true;
  the("#state").hidden = false;
  if (error.status !== 404 || !found) return put(the("#state"), failure(error, start), toClusters());
  put(the("#state"), empty("This photo was forgotten.",
    h("a", { class: "button", href: clusterPage(found.cluster) }, "Its cluster")));
}

function show() {
  const { item, image, cluster } = found;
  document.title = `${image.image_id} · Cairn`;
  put(the("#name"), image.image_id);
  put(the("#lies"), h("p", {}, "On ", h("a", { href: clusterPage(cluster), title: cluster.cluster_id }, called(cluster))), badges(cluster));
  put(the("#picture"), framed(item, image));
  put(the("#facts"), facts(item, image));
  put(the("#why"), explanation(found, showMatches));
  put(the("#matches"));
  the("#more").href = page("/search", { item: id });
  showParts();
}

/** What may take longer, each on its own. */
function showParts() {
  part(the("#beside"), (node) => showBeside(node, found));
  part(the("#similar"), async (node) => {
    const { rows } = await get("item/similar", { scope: scope(), id, k: LIKE });
    const like = rows.map((row) => photoTile(row.item, h("p", { class: "facts" }, `similarity ${percent(row.cosine)}`)));
    put(node, like.length ? like : h("li", { class: "hint" }, "There is no other photo yet."));
  });
}

async function part(node, fill) {
  try {
    await fill(node);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    put(node, failure(error, () => part(node, fill)));
  }
}

async function showMatches(other) {
  const node = the("#matches");
  put(node, h("p", { class: "loading" }, "Comparing…"));
  try {
    const query = { scope: scope(), id, with: other };
    const picture = await read("item/matches", query, (answer) => answer.blob());
    const image = h("img", { alt: `Lines between points of this photo and ${other} that agree` });
    image.addEventListener("load", () => {
      URL.revokeObjectURL(image.src);
      node.scrollIntoView({ block: "nearest" });
    }, { once: true });
    image.src = URL.createObjectURL(picture);
    put(node, image);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    put(node, failure(error));
    node.scrollIntoView({ block: "nearest" });
  }
}

async function linkAnother() {
  const { item, cluster } = found;
  const choice = await chosenPhoto(`Link ${item.image_id} with another photo`, item);
  if (!choice) return;
  try {
    await link(await clustersOf(cluster, choice.item), [item, choice.item], choice.together);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    tell(error.message, { kind: "bad" });
  }
}

/** A cluster, and that of another item where it is another one. */
async function clustersOf(cluster, { cluster_id: id }) {
  return id === cluster.cluster_id ? [cluster] : [cluster, await get("cluster", { scope: scope(), id })];
}

const ACTS = [
  { key: "m", label: "Move to…", run: () => moveSomewhere(found.cluster, [found.item]) },
  { key: "s", label: "Split off", run: () => split(found.cluster, [found.item]) },
  { key: "l", label: "Link with another…", run: linkAnother },
  { key: "f", label: "Forget photo…", run: () => forgetAsked(found.cluster, found.item) },
];
