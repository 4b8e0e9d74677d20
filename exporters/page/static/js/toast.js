// Short messages at the edge of the page, read aloud by screen readers.

import { h, the } from "./dom.js";

const STAYS_MS = 8000;

/**
 * Say something; kind: "", "good" or "bad"; action: {label, run} becomes a button. It goes after a
 * while, but not while somebody is at it. Answers what takes it away.
 */
export function tell(text, { kind = "", action = null, stays = false } = {}) {
  const button = action && h("button", { on: { click: () => { close(); action.run(); } } }, action.label);
  const away = h("button", { class: "plain", "aria-label": "Close", on: { click: () => close() } }, "×");
  const toast = h("div", { class: `toast ${kind}` }, h("p", {}, text), button, away);
  const close = () => toast.remove();
  the("#toasts").append(toast);
  const goLater = () => setTimeout(() => (toast.matches(":hover, :focus-within") ? goLater() : close()), STAYS_MS);
  if (!stays && kind !== "bad") goLater();
  return close;
}
