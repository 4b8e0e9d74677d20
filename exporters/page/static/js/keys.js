// Keyboard shortcuts, the dialog that lists them, and whether they are wanted: who dictates, or
// hits keys by accident, can do without those of one character.

import { h, put, the } from "./dom.js";

const known = new Map();
const WRITING = "input:not([type=checkbox]), textarea, select, [contenteditable]";
const PRESSED = "input, button, a, summary"; // by keys of their own
const REPEATED = ["j", "k", "ArrowLeft", "ArrowRight"]; // these walk; the others act, so once each
const LIST = "?";
const WANTED = "cairn.keys";

export const keysWanted = () => localStorage.getItem(WANTED) !== "off";

export function wantKeys(wanted) {
  if (wanted) localStorage.removeItem(WANTED);
  else localStorage.setItem(WANTED, "off");
}

/** Whether a key may act as a shortcut. */
export const isWanted = (key) => keysWanted() || key.length > 1 || key === LIST;

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
  if (!shortcut || !isWanted(event.key)) return;
  event.preventDefault();
  if (!event.repeat || REPEATED.includes(event.key)) shortcut.run(event);
});

keys({ [LIST]: ["this list", listKeys] });
