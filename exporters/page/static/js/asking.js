// Dialogs that ask somebody: whether, which cluster, which photo. Each answers a promise.

import { get, Problem } from "./api.js";
import { h, put } from "./dom.js";
import { percent } from "./format.js";
import { badges, called, failure, picture } from "./parts.js";

const PAUSE_MS = 200;
const CHOICES = 24;

/** Answers whether somebody agreed to what cannot be taken back. */
export function agreed(title, text, label) {
  return new Promise((answer) => {
    const dialog = opened(title,
      h("p", {}, text),
      h("form", { method: "dialog", class: "ends" },
        h("button", { value: "", autofocus: true }, "Cancel"),
        h("button", { value: "yes", class: "danger" }, label)));
    dialog.addEventListener("close", () => answer(dialog.returnValue === "yes"));
  });
}

/** Answers a cluster, or null: those most alike first, or all whose name holds some text. */
export function chosenCluster(title, cluster) {
  const { scope, cluster_id: id } = cluster;
  const alike = async () => (await get("cluster/similar", { scope, id, k: CHOICES })).rows
    .map((row) => ({ ...row.cluster, hint: `similarity ${percent(row.cosine)}` }));
  const named = async (text) =>
    (await get("clusters", { scope, text, order: "size", limit: CHOICES })).rows
      .filter((row) => row.cluster_id !== id);
  return new Promise((answer) => {
    const field = h("input", { id: "wanted", autocomplete: "off", autofocus: true });
    const found = h("ul", { class: "choices", "aria-label": "Clusters" });
    const choose = (row) => end(dialog, () => answer(row));
    const dialog = opened(title,
      h("label", { for: "wanted" }, "Name"), field,
      found, ending("Cancel"));
    dialog.addEventListener("close", () => answer(null));
    const look = offering(found, (row) => choice(row, row.exemplars, called(row), choose, [
      badges(row), row.hint && h("p", { class: "hint" }, row.hint),
    ]));
    field.addEventListener("input", later(() => look(field.value ? () => named(field.value) : alike)));
    found.addEventListener("keydown", walk);
    field.addEventListener("keydown", (event) => {
      if (event.key === "ArrowDown") found.querySelector("button")?.focus();
    });
    look(alike);
  });
}

/** Answers {item, together}, or null: a photo like one, and whether both show the same. */
export function chosenPhoto(title, item) {
  const { scope, item_id: id } = item;
  const alike = async () => (await get("item/similar", { scope, id, k: CHOICES })).rows;
  return new Promise((answer) => {
    const found = h("ul", { class: "choices photos", "aria-label": "Photos" });
    const acts = h("div", { class: "ends" });
    const dialog = opened(title,
      h("p", { class: "hint" }, "Choose the other photo, most alike first."), found, acts);
    dialog.addEventListener("close", () => answer(null));
    const decide = (other, together) => end(dialog, () => answer({ item: other, together }));
    const choose = (other, button) => {
      for (const one of found.querySelectorAll("button")) one.ariaPressed = one === button;
      put(acts, linking(other, decide), cancel(dialog));
    };
    put(acts, cancel(dialog));
    found.addEventListener("keydown", walk);
    offering(found, (row) => choice(row.item, [row.item], row.item.image_id, choose, [
      h("p", { class: "hint" }, `similarity ${percent(row.cosine)}`),
    ]))(alike);
  });
}

const linking = (other, decide) => [
  h("button", { class: "main", on: { click: () => decide(other, true) } }, "They show the same"),
  h("button", { on: { click: () => decide(other, false) } }, "Not the same"),
];

function opened(title, ...content) {
  const dialog = h("dialog", { class: "asking", "aria-labelledby": "asking-title" },
    h("h2", { id: "asking-title" }, title), content);
  document.body.append(dialog);
  dialog.addEventListener("close", () => dialog.remove());
  dialog.showModal();
  return dialog;
}

/** Answer first, for closing answers that nothing was chosen. */
function end(dialog, answer) {
  answer();
  dialog.close();
}

const cancel = (dialog) => h("button", { on: { click: () => dialog.close() } }, "Cancel");

const ending = (label) => h("form", { method: "dialog", class: "ends" }, h("button", {}, label));

/** Answers what shows the rows that a question answers, unless a later one was asked meanwhile. */
function offering(node, make) {
  let turn = 0;
  return async function look(ask) {
    const mine = ++turn;
    try {
      const rows = await ask();
      const nothing = h("li", { class: "hint", role: "status" }, "Nothing is found.");
      if (mine === turn) put(node, rows.length ? rows.map(make) : nothing);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      if (mine === turn) put(node, h("li", {}, failure(error, () => look(ask))));
    }
  };
}

function choice(row, shown, name, choose, facts) {
  const button = h("button", { on: { click: () => choose(row, button) } },
    h("span", { class: "strip" }, shown.slice(0, 3).map((item) => picture(item, { alt: "" }))),
    h("span", { class: "about" }, h("strong", {}, name), facts));
  return h("li", {}, button);
}

/** Arrows lead through the choices. */
function walk(event) {
  const next = { ArrowDown: "nextElementSibling", ArrowUp: "previousElementSibling" }[event.key];
  if (!next) return;
  event.preventDefault();
  event.target.closest("li")[next]?.querySelector("button")?.focus();
}

function later(run) {
  let timer = 0;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(run, PAUSE_MS);
  };
}
