// A short list that follows what happens, and holds still while somebody is at it.

import { write } from "./dom.js";
import { count } from "./format.js";

/**
 * Keep `node` as rows are: key(row) tells which is which, version(row) whether it is as it was,
 * make(row) draws it. While a pointer or the focus is in it, or it is scrolled, newer rows wait,
 * and the button `hint` says how many. Answers what shows rows.
 */
export function growing(node, hint, { key, version = key, make }) {
  let waiting = null;
  let filled = false;

  const show = (rows) => {
    waiting = rows;
    if (filled && isBusy(node, hint)) tell();
    else settle();
  };
  const tell = () => {
    const known = new Set([...node.children].map((child) => child.dataset.key));
    const fresh = waiting.filter((row) => !known.has(key(row))).length;
    write(hint, `${count(fresh, "new one")}: show`);
    hint.hidden = !fresh;
  };
  const settle = () => {
    if (!waiting) return;
    hint.hidden = true;
    arrange(node, waiting.map((row) => nodeOf(row)));
    waiting = null;
    filled = true;
  };
  const nodeOf = (row) => {
    const old = [...node.children].find((child) => child.dataset.key === key(row));
    if (old?.dataset.version === String(version(row))) return old;
    const made = make(row);
    Object.assign(made.dataset, { key: key(row), version: version(row) });
    if (filled && !old) arrive(made);
    return made;
  };
  const perhaps = () => requestAnimationFrame(() => isBusy(node, hint) || settle());

  node.addEventListener("pointerleave", perhaps);
  node.addEventListener("focusout", perhaps);
  hint.addEventListener("focusout", perhaps);
  node.addEventListener("scroll", perhaps, { passive: true });
  hint.addEventListener("click", () => {
    node.scrollTo({ left: 0 });
    settle();
    node.querySelector("a")?.focus();
  });
  return show;
}

function isBusy(node, hint) {
  const pointed = matchMedia("(hover: hover)").matches && node.matches(":hover");
  const focused = document.activeElement;
  return pointed || node.contains(focused) || focused === hint || node.scrollLeft > 0;
}

function arrive(node) {
  node.classList.add("arrived");
  node.addEventListener("animationend", () => node.classList.remove("arrived"), { once: true });
}

/** Make these the children, moving none that is in its place already. */
function arrange(node, wanted) {
  const staying = new Set(wanted);
  for (const child of [...node.children]) if (!staying.has(child)) child.remove();
  wanted.forEach((child, at) => {
    if (node.children[at] !== child) node.insertBefore(child, node.children[at] ?? null);
  });
}
