// Search by words, by a photo of one's own, or by a photo that is there.

import { address, get, post, Problem } from "../api.js";
import { h, put, the } from "../dom.js";
import { count } from "../format.js";
import { keys } from "../keys.js";
import { showFound } from "../likeness.js";
import { empty, failure, photoPage, picture } from "../parts.js";
import { fault, kindOf, takePhotos } from "../photofile.js";
import { page, someScope } from "../scope.js";
import { tell } from "../toast.js";

const MOST = 48;
const FLAT = "cairn.search.flat";

const words = the("#by-words").elements.words;
const grouped = the("#grouped");
let turn = 0;
let found = [];
let upload = null;

grouped.checked = !localStorage.getItem(FLAT);
grouped.addEventListener("change", () => {
  if (grouped.checked) localStorage.removeItem(FLAT);
  else localStorage.setItem(FLAT, "yes");
  if (found.length) showFound(the("#results"), found, grouped.checked);
});
the("#by-words").addEventListener("submit", (event) => {
  event.preventDefault();
  if (words.value.trim()) go({ words: words.value.trim() });
});
takePhotos(the("#photo"), take);
keys({ "/": ["search by words", () => words.focus()] });
addEventListener("popstate", searchAsAddressed);
searchAsAddressed();

function go(query) {
  history.pushState(null, "", page("/search", query));
  searchAsAddressed();
}

function take(file) {
  const wrong = fault(file, Number(the("#by-words").dataset.mostBytes));
  if (wrong) return tell(wrong, { kind: "bad" });
  history.pushState(null, "", page("/search"));
  return searchByFile(file);
}

/** Search by what the address names: words, an item or an image. */
function searchAsAddressed() {
  const asked = new URLSearchParams(location.search);
  words.value = asked.get("words") ?? "";
  const id = asked.get("item") ?? asked.get("image");
  const ask = (path, query) => (scope) => get(path, { scope, k: MOST, ...query });
  if (words.value) search(ask("search/words", { words: words.value }), () => []);
  else if (asked.has("item")) search(ask("item/similar", { id }), (scope) => likeItem(scope, id));
  else if (asked.has("image")) search(ask("image/similar", { id }), (scope) => likeImage(scope, id));
  else clear();
}

function searchByFile(file) {
  words.value = "";
  if (upload) URL.revokeObjectURL(upload);
  upload = URL.createObjectURL(file);
  const shown = h("img", { src: upload, alt: "The photo searched by" });
  const ask = (scope) => post("search/image", { scope, k: MOST }, file, kindOf(file));
  return search(ask, () => [shown, h("p", {}, "Photos like ", h("b", {}, file.name))]);
}

function likeItem(scope, id) {
  const item = { scope, item_id: id, image_id: id };
  return [picture(item), h("p", {}, "Photos like ", h("a", { href: photoPage(item) }, id))];
}

function likeImage(scope, id) {
  const src = address("image/thumbnail", { scope, id });
  const error = (event) => event.target.classList.add("missing");
  return [h("img", { src, alt: `Photo ${id}`, on: { error } }), h("p", {}, "Photos like ", h("b", {}, id))];
}

/** ask(scope) answers rows; by(scope): what it is searched by, to be shown. */
async function search(ask, by) {
  clear();
  const mine = turn;
  put(the("#results"), h("p", { class: "loading", role: "status" }, "Searching…"));
  try {
    const scope = await someScope();
    if (mine !== turn) return;
    if (!scope) return put(the("#results"), empty("There are no photos to search yet."));
    put(the("#asked"), by(scope));
    the("#asked").hidden = !the("#asked").childElementCount;
    const { rows } = await ask(scope);
    if (mine === turn) show(rows);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    if (mine === turn) put(the("#results"), told(error, () => search(ask, by)));
  }
}

function show(rows) {
  found = rows;
  the("#standing").hidden = !rows.length;
  the("#found").textContent = `${count(rows.length, "photo")} found, most alike first.`;
  if (rows.length) showFound(the("#results"), rows, grouped.checked);
  else put(the("#results"), empty("Nothing is like that."));
}

/** What this server cannot do until somebody installs or starts something is no failure. */
function told(error, again) {
  if (error.status !== 409) return failure(error, again);
  return h("div", { class: "notice", role: "alert" }, h("p", {}, withCode(error.message)));
}

const withCode = (text) => text.split("`").map((part, at) => (at % 2 ? h("code", {}, part) : part));

/** Nothing is shown, nor will what was asked for before. */
function clear() {
  turn += 1;
  found = [];
  the("#asked").hidden = true;
  the("#standing").hidden = true;
  put(the("#results"));
}
