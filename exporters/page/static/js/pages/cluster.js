// One cluster: its photos in space and time, what happened to it, and what can be put right.

import { get, Problem } from "../api.js";
import { alike } from "../cluster/alike.js";
import { bar } from "../cluster/bar.js";
import { showPlaces } from "../cluster/geo.js";
import { history } from "../cluster/lineage.js";
import { Members } from "../cluster/members.js";
import { naming } from "../cluster/naming.js";
import { Timeline } from "../cluster/timeline.js";
import { confirm, correcting, undoLast } from "../corrections.js";
import { h, put, the } from "../dom.js";
import { place, span } from "../format.js";
import { keys } from "../keys.js";
import { list } from "../list.js";
import { follow } from "../live.js";
import { clusterLink } from "../names.js";
import { badges, empty, failure } from "../parts.js";
import { page, scope } from "../scope.js";
import { track } from "../track.js";

const id = new URLSearchParams(location.search).get("id") ?? "";
const ask = () => get("cluster", { scope: scope(), id });
let cluster = null;

if (scope() && id) open();
else put(the("#state"), empty("Choose a cluster to look at.", toAll()));

function toAll() {
  return h("p", {}, h("a", { class: "button", href: page("/clusters") }, "All clusters"));
}

async function open() {
  put(the("#state"), h("p", { class: "loading" }, "Loading…"));
  try {
    cluster = await ask();
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return put(the("#state"), failure(error, open), toAll());
  }
  the("#state").hidden = true;
  the("#cluster").hidden = false;
  furnish();
}

function furnish() {
  const shown = () => cluster;
  const items = () => members.selection.items;
  const showBar = bar(shown, items, () => members.selection.clear());
  const members = new Members(cluster, showBar);
  const parts = {
    members,
    name: naming(the("#naming"), shown),
    similar: list(the("#similar"), alike(shown, items)),
    history: history(the("#history"), cluster),
    track: { rows: [], whole: true },
  };
  parts.timeline = new Timeline(the("#timeline"), (range) => members.only(during(parts.track.rows, range)));
  keys({
    c: ["confirm the cluster", () => the("#confirm").hidden || confirm(cluster)],
    u: ["undo the last correction", undoLast],
  });
  the("#confirm").addEventListener("click", () => confirm(cluster));
  unfoldWhereWide();
  showHead(parts);
  showTrack(parts);
  document.addEventListener("cairn:corrected", () => lookAgain(parts));
  follow(scope(), (events) => notice(events, parts));
}

/** On a phone the photos would be far below what is beside them elsewhere. */
function unfoldWhereWide() {
  const wide = matchMedia("(min-width: 60.01rem)");
  const unfold = () => {
    for (const one of document.querySelectorAll(".aside details")) one.open = wide.matches;
  };
  wide.addEventListener("change", unfold);
  unfold();
}

/** Members of a range of time; null where that is all of it. */
const during = (rows, range) => range &&
  rows.filter(({ captured_at: at }) => at != null && at >= range[0] && at <= range[1]);

function showHead(parts) {
  parts.name();
  put(the("#about"),
    badges(cluster),
    h("p", { class: "facts" },
      h("span", {}, span(cluster.first, cluster.last)),
      cluster.place && h("span", {}, place(cluster.place))));
  const retired = cluster.state === "retired";
  the("#confirm").hidden = retired || cluster.pinned;
  put(the("#retired"), retired && farewell());
  the("#cluster").classList.toggle("gone", retired);
  for (const node of document.querySelectorAll("[data-living]")) node.hidden = retired;
}

const farewell = () => h("div", { class: "notice" },
  cluster.heir
    ? h("p", {}, "This cluster is no more: it has become part of ", clusterLink(cluster.heir), ".")
    : h("p", {}, "This cluster is no more, and nothing is left of it."),
  cluster.heir
    ? h("a", { class: "button main", href: page("/cluster", { id: cluster.heir }) }, "Go there")
    : toAll());

/** Where and when: drawn once all members are known. */
async function showTrack(parts) {
  if (cluster.state === "retired") return;
  try {
    const { revision } = cluster;
    const known = await track(cluster);
    if (revision === cluster.revision) drawTrack(known, parts);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    put(the("#timeline"), failure(error, () => showTrack(parts)));
  }
}

function drawTrack(known, parts) {
  parts.track = known;
  parts.timeline.show(parts.track);
  showPlaces(the("#places"), parts.track.rows, cluster.place);
}

/** Show what there is now, after somebody here corrected it or wanted to see. */
async function lookAgain(parts) {
  try {
    const now = await ask();
    showAgain(now, now.state === "retired" ? parts.track : await track(now), parts);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    say(failure(error, () => lookAgain(parts)));
  }
}

/** All of it at once: what is chosen counts as seen in the revision that is shown. */
function showAgain(now, known, parts) {
  cluster = now;
  say();
  showHead(parts);
  parts.similar.reload();
  parts.history.reload();
  keepFocus();
  drawTrack(known, parts);
  parts.members.only(during(known.rows, parts.timeline.range));
}

/** What had the focus may be gone in a moment. */
function keepFocus() {
  const [active, photos] = [document.activeElement, the("#photos")];
  const stays = the("#cluster").contains(active) && !photos.contains(active) && active.checkVisibility();
  if (!stays) photos.focus({ preventScroll: true });
}

/** What others, or new photos, did to it meanwhile; where nobody answers, the next event asks. */
async function notice(events, parts) {
  try {
    await look(events, parts);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
  }
}

async function look(events, parts) {
  const mine = events.filter((body) => ["cluster_id", "retired_id", "source_id", "parent_id"].some((name) => body[name] === id));
  if (!mine.length || correcting()) return;
  const now = await ask();
  if (correcting()) return;
  if (now.revision !== cluster.revision || now.state === "retired") return tellChanged(changedBy(mine), parts);
  cluster = now;
  showHead(parts);
  const joined = mine.filter((body) => body.type === "cairn.item.assigned.v1").map((body) => body.item_id);
  if (!joined.length) return;
  const free = !parts.members.selection.items.length && !document.body.classList.contains("dragging");
  const added = free ? await parts.members.add(joined) : null;
  if (!added) return tellChanged("New photos came.", parts);
  const rows = [...parts.track.rows, ...added].sort((a, b) => when(a) - when(b));
  drawTrack({ ...parts.track, rows }, parts);
}

const when = (row) => row.captured_at ?? Number.MAX_VALUE;

/** People or the engine, which merges clusters as it learns. */
function changedBy(bodies) {
  const ordered = bodies.find((body) => body.command_id);
  return ordered ? `${ordered.author || "Somebody"} changed this cluster.` : "This cluster changed meanwhile.";
}

const tellChanged = (text, parts) => say(h("div", { class: "notice" },
  h("p", {}, text), h("button", { on: { click: () => lookAgain(parts) } }, "Show")));

const say = (...nodes) => put(the("#changed"), nodes);
