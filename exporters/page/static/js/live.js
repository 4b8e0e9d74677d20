// Follows events as they come; the browser connects again by itself and misses none.

import { address, get } from "./api.js";
import { the } from "./dom.js";

const TOGETHER_MS = 200;

/**
 * Call `onEvents` with lists of event bodies of a scope ("": all), each with its number, as they
 * come, and tell in the frame whether the connection stands.
 */
export function follow(scope, onEvents) {
  const source = new EventSource(address("events", { scope }));
  let waiting = [];
  const hand = () => {
    const events = waiting;
    waiting = [];
    onEvents(events);
  };
  source.addEventListener("open", () => tell("live", "good"));
  source.addEventListener("error", () => lost(source));
  source.addEventListener("message", (message) => {
    if (!waiting.length) setTimeout(hand, TOGETHER_MS);
    waiting.push({ ...JSON.parse(message.data), number: Number(message.lastEventId) });
  });
  addEventListener("pagehide", () => source.close());
  addEventListener("pageshow", (event) => event.persisted && location.reload()); // it was closed
  return source;
}

function lost(source) {
  tell("connecting…", "bad");
  if (source.readyState === EventSource.CLOSED) get("scopes").catch(() => {}); // leads to the login
}

function tell(text, kind) {
  const node = the("#live");
  node.hidden = false;
  node.textContent = text;
  node.className = `live ${kind}`;
}
