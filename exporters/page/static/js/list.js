// A list that is read part by part, as far as somebody looks.

import { Problem } from "./api.js";
import { h } from "./dom.js";
import { empty, failure } from "./parts.js";

/**
 * Fill `node` with what `load(cursor)` answers, each row made by `make(row)`.
 * nothing: what to say where there is nothing. cleared: called just before all rows are made anew.
 * Answers {reload}.
 */
export function list(node, { load, make, nothing, cleared = () => {} }) {
  const foot = h("div", { class: "foot" });
  node.after(foot);
  let turn = 0;
  const watcher = new IntersectionObserver((seen) => {
    if (seen.some((one) => one.isIntersecting)) foot.querySelector("button.more")?.click();
  }, { rootMargin: "600px" });
  watcher.observe(foot);

  async function more(cursor, mine) {
    foot.replaceChildren(h("p", { class: "loading", role: "status" }, "Loading…"));
    try {
      const part = await load(cursor);
      if (mine !== turn) return; // a newer question was asked meanwhile
      if (!cursor) {
        cleared();
        node.replaceChildren();
      }
      node.append(...part.rows.map(make));
      foot.replaceChildren(...rest(part, node.childElementCount, mine));
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      if (mine === turn) foot.replaceChildren(failure(error, () => more(cursor, mine)));
    } finally {
      node.removeAttribute("aria-busy");
    }
  }

  function rest(part, shown, mine) {
    if (!part.cursor) return shown ? [] : [typeof nothing === "string" ? empty(nothing) : nothing()];
    const button = h("button", { class: "more", on: { click: () => more(part.cursor, mine) } }, "More");
    requestAnimationFrame(() => { watcher.unobserve(foot); watcher.observe(foot); });
    return [button];
  }

  const reload = () => more(null, ++turn);
  reload();
  return { reload };
}
