// The name of a cluster, changed where it stands.

import { rename } from "../corrections.js";
import { h, put } from "../dom.js";
import { keys } from "../keys.js";
import { called } from "../parts.js";

const LONGEST = 512;

/**
 * Keep the name in a node, with a way to change it. cluster: tells the cluster as it is shown.
 * Answers what brings it up to date, unless somebody is writing.
 */
export function naming(node, cluster) {
  let shown = null;
  const told = () => JSON.stringify([cluster().name, cluster().state === "retired"]);
  const show = () => {
    shown = told();
    const { name, cluster_id: id, state } = cluster();
    document.title = `${called(cluster())} · Cairn`;
    put(node,
      h("h1", { title: id }, called(cluster())),
      state !== "retired" && h("button", { class: "plain", on: { click: edit } }, name ? "Rename" : "Name it"));
  };
  const leave = () => {
    show();
    node.querySelector("button").focus();
  };

  function edit() {
    const field = h("input", {
      "aria-label": "Name of the cluster", value: cluster().name, maxlength: LONGEST, autocomplete: "off",
    });
    const form = h("form", { on: { submit: (event) => save(event, field) } },
      field, h("button", { class: "main" }, "Save"),
      h("button", { type: "button", on: { click: leave } }, "Cancel"));
    form.addEventListener("keydown", (event) => { if (event.key === "Escape") leave(); });
    put(node, form);
    field.select();
  }

  async function save(event, field) {
    event.preventDefault();
    const name = field.value.trim();
    if (name !== cluster().name && !await rename(cluster(), name)) return;
    leave();
  }

  keys({ r: ["name the cluster", () => node.querySelector("h1 + button")?.click()] });
  return () => {
    if (shown === told() || node.querySelector("form")) return;
    const focused = node.contains(document.activeElement);
    show();
    if (focused) node.querySelector("button")?.focus();
  };
}
