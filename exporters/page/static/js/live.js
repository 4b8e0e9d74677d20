// Follows events as they come; the browser connects again by itself and misses none.
// Only while somebody looks: browsers allow a server six connections for all windows together.

import { address, get } from "./api.js";
import { the } from "./dom.js";

const TOGETHER_MS = 200;

/**
 * Call `onEvents` with lists of event bodies of a scope ("": all), each with its number, as they
 * come, and tell in the frame whether the connection stands. Answers the connection.
 */
export function follow(scope, onEvents) {
  let seen = null;
  let waiting = [];
  const hand = () => {
    const events = waiting;
    waiting = [];
    onEvents(events);
  };
  const hear = (message) => {
    seen = Number(message.lastEventId);
    if (!waiting.length) setTimeout(hand, TOGETHER_MS);
    waiting.push({ ...JSON.parse(message.data), number: seen });
  };
  let source = connect(scope, seen, hear);
  document.addEventListener("visibilitychange", async () => {
    if (document.hidden) {
      seen ??= await last(scope);
      if (document.hidden && seen !== null) source.close();
    } else if (source.readyState === EventSource.CLOSED) {
      source = connect(scope, seen, hear);
    }
  });
  addEventListener("pagehide", () => source.close());
  addEventListener("pageshow", (event) => event.persisted && location.reload()); // it was closed
  return source;
}

function connect(scope, after, hear) {
  const source = new EventSource(address("events", { scope, after }));
  source.addEventListener("open", () => tell("live", "good"));
  source.addEventListener("error", () => lost(source));
  source.addEventListener("message", hear);
  return source;
}

/** Number of the last event about a cluster; null where it cannot be had. */
async function last(scope) {
  const { rows } = await get("clusters", { scope, limit: 1 }).catch(() => ({ rows: null }));
  return rows && (rows[0]?.changed ?? 0);
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
