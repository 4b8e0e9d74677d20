// All clusters as contact sheets: filtered, ordered, walked over, selected and merged.

import { get, Problem } from "../api.js";
import { merge, undoLast } from "../corrections.js";
import { the, write } from "../dom.js";
import { asked, filled, filters } from "../filters.js";
import { count } from "../format.js";
import { keys } from "../keys.js";
import { list } from "../list.js";
import { follow } from "../live.js";
import { confirmMerge, dragging, hindrance } from "../merging.js";
import { called, empty } from "../parts.js";
import { roving } from "../roving.js";
import { scope } from "../scope.js";
import { keyOfCluster, Sheet } from "../sheet.js";
import { tell } from "../toast.js";

const PART = 48;
const AT_ONCE = 192;
const TITLE = "h3 a";

const form = the("#filters");
const cards = the("#cards");
const corrected = new Map();
let left = history.state;
let atEnd = false;
let merging = false;

const sheet = new Sheet(cards, showSelection);
const chosen = filters(form, reload);
showFilters();
const rows = list(cards, { load, make: (cluster) => sheet.entry(cluster), nothing });
new MutationObserver(showCount).observe(cards, { childList: true, subtree: true, attributeFilter: ["hidden"] });

form.addEventListener("input", showFilters);
the("#clear-filters").addEventListener("click", clearFilters);
the("#more-filters").addEventListener("click", () => openFilters(!isOpen()));
the("#fresh").addEventListener("click", () => { scrollTo({ top: 0 }); reload(); });
the("#merge-picked").addEventListener("click", mergePicked);
the("#clear-picked").addEventListener("click", clearPicked);
dragging(cards, (node) => sheet.clusterAt(node), mergeDragged);
roving(cards, TITLE, "cluster");
keys({
  "/": ["search by name", () => form.elements.text.focus()],
  x: ["select the cluster that has the focus", pickFocused],
  m: ["merge the selected clusters", mergePicked],
  u: ["undo the last merge", undoLast],
  Escape: ["clear the selection", clearPicked],
});
document.addEventListener("cairn:corrected", () => merging || redraw([...corrected.values()])); // undone
follow(scope(), (events) => sheet.hear(events));
addEventListener("pagehide", remember);

/** A part of the list; the first one as long as it was when it was left. */
async function load(cursor) {
  const limit = cursor || !left?.shown ? PART : Math.min(AT_ONCE, Math.max(PART, left.shown));
  const part = await get("clusters", { scope: scope(), ...asked(form), limit, cursor });
  atEnd = !part.cursor;
  return part;
}

function reload() {
  showFilters();
  left = null;
  sheet.forgetNews();
  rows.reload();
}

/** Come back to the cluster that was opened from here. */
function remember() {
  const key = document.activeElement?.closest("li[data-key]")?.dataset.key;
  history.replaceState({ shown: cards.childElementCount, key }, "");
}

function nothing() {
  if (isChosen()) return empty("No cluster is like that. Clear the filters to see all.");
  return empty("There are no clusters yet: they are made as photos come in.");
}

let returned = false;
function showCount() {
  const shown = [...cards.children].filter((entry) => !entry.hidden).length;
  write(the("#shown"), shown ? `${count(shown, "cluster")} shown${atEnd ? "" : ", more below"}` : "");
  showSelection();
  if (!returned && left?.key && shown) sheet.entryAt(left.key)?.querySelector(TITLE).focus();
  returned ||= shown > 0;
}

function showSelection() {
  const { picked, news } = sheet;
  the("#fresh").hidden = !news || merging;
  write(the("#fresh"), `${count(news, "cluster")} changed: show`);
  the("#picked").hidden = !picked.length;
  document.body.classList.toggle("picking", picked.length > 0); // makes room for toasts
  the("#merge-picked").disabled = !ready();
  write(the("#picked-what"), said(picked));
}

function ready() {
  return !merging && sheet.picked.length > 1 && !hindrance(sheet.picked);
}

function said(picked) {
  if (picked.length < 2) return `${count(picked.length, "cluster")} selected: select another to merge them.`;
  return hindrance(picked)
    ?? `${count(picked.length, "cluster")} selected: they become part of ${called(picked[0])}.`;
}

function clearPicked() {
  const back = the("#picked").contains(document.activeElement) && sheet.picked.at(-1);
  sheet.unpick();
  if (back) focusOn(back);
}

function pickFocused() {
  const entry = document.activeElement?.closest("li[data-key]");
  entry?.querySelector("input")?.click();
}

async function mergePicked() {
  if (ready()) await mergeAll(sheet.picked);
}

async function mergeDragged(source, target) {
  const why = hindrance([target, source]);
  if (why) tell(why, { kind: "bad" });
  else if (await confirmMerge(source, target)) await mergeAll([target, source]);
}

async function mergeAll(clusters) {
  merging = true;
  showSelection();
  for (const cluster of clusters) corrected.set(keyOfCluster(cluster), cluster);
  try {
    if (!(await merge(...clusters))) return;
    sheet.unpick();
    await redraw(clusters);
    focusOn(clusters[0]);
  } finally {
    merging = false;
    showSelection();
  }
}

async function redraw(clusters) {
  try {
    await sheet.redraw(clusters, filled(form).state === "retired");
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    tell(error.message, { kind: "bad" });
  }
}

const focusOn = (cluster) => sheet.entryOf(cluster)?.querySelector(TITLE).focus();

function clearFilters() {
  chosen.clear();
  form.elements.text.focus();
}

function showFilters() {
  const further = [...the("#further").querySelectorAll("[name]")].filter((field) => field.value);
  the("#clear-filters").hidden = !isChosen();
  the("#more-filters").textContent = further.length ? `More filters (${further.length})` : "More filters";
}

function isChosen() {
  return Object.keys(filled(form)).some((name) => name !== "order");
}

const isOpen = () => the("#further").classList.contains("open");

function openFilters(open) {
  the("#further").classList.toggle("open", open);
  the("#more-filters").setAttribute("aria-expanded", open);
}
