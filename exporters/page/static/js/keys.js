// Keyboard shortcuts, and the dialog that lists them.

import { h, put, the } from "./dom.js";

const known = new Map();
const WRITING = "input:not([type=checkbox]), textarea, select, [contenteditable]";
const PRESSED = "input, button, a, summary"; // by keys of their own

/** Add shortcuts: {j: ["next photo", run]}; keys as KeyboardEvent.key has them. */
export function keys(shortcuts) {
  for (const [key, [means, run]] of Object.entries(shortcuts)) known.set(key, { means, run });
}

export function listKeys() {
  const rows = [...known].flatMap(([key, { means }]) => [
    h("dt", {}, h("kbd", {}, key === " " ? "space" : key)),
    h("dd", {}, means),
  ]);
  put(the("#keys dl"), rows);
  the("#keys").showModal();
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  if (event.target.closest(WRITING) || document.querySelector("dialog[open]")) return;
  if ([" ", "Enter"].includes(event.key) && event.target.closest(PRESSED)) return;
  const shortcut = known.get(event.key);
  if (!shortcut) return;
  event.preventDefault();
  shortcut.run(event);
});

keys({ "?": ["this list", listKeys] });
