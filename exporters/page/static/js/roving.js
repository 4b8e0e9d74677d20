// Walking over the entries of a grid by keys: each has one link that gets the focus.

import { keys } from "./keys.js";

/** means: what an entry is called, for the list of shortcuts. */
export function roving(node, link, means) {
  const step = (by) => {
    const from = node.querySelector(":scope > :focus-within");
    const to = from ? walk(from, by) : first(node);
    to?.querySelector(link)?.focus();
  };
  keys({
    j: [`next ${means} (arrows too, once one has the focus)`, () => step(1)],
    k: [`${means} before`, () => step(-1)],
  });
  const steps = { ArrowRight: () => 1, ArrowLeft: () => -1, ArrowDown: () => columns(node), ArrowUp: () => -columns(node) };
  node.addEventListener("keydown", (event) => {
    const by = steps[event.key];
    if (!by || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    event.preventDefault();
    step(by());
  });
}

const first = (node) => node.querySelector(":scope > :not([hidden])");
const columns = (node) => getComputedStyle(node).gridTemplateColumns.split(" ").length;

/** The entry so many further on, or the last one there is on the way. */
function walk(from, by) {
  let at = from;
  for (let left = Math.abs(by); left > 0;) {
    const next = by > 0 ? at.nextElementSibling : at.previousElementSibling;
    if (!next) break;
    at = next;
    if (!at.hidden) left -= 1;
  }
  return at.hidden ? from : at;
}
