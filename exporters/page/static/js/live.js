// Follows events as they come, over a connection that is made again wherever it breaks.
// Only while somebody looks: browsers allow a server six connections for all windows together.

import { address, get } from "./api.js";
import { the } from "./dom.js";

const TOGETHER_MS = 200;
const AGAIN_MS = 3000;

/**
 * Call `onEvents` with lists of event bodies of a scope ("": all), each with its number, as they
 * come, and tell in the frame whether the connection stands. replay: whether what came while
 * nobody looked is told afterwards. onOpen: called whenever the connection stands anew.
 */
export function follow(scope, onEvents, { replay = true, onOpen = () => {} } = {}) {
  let seen = null;
  let waiting = [];
  let source = null;
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
  const connect = () => {
    source = new EventSource(address("events", { scope, after: replay ? seen : null }));
    source.addEventListener("open", opened);
    source.addEventListener("message", hear);
    source.addEventListener("error", lost);
  };
  const opened = async () => {
    tell("live", "good");
    onOpen();
    if (!replay || seen !== null) return;
    const last = await lastEvent(scope); // else what comes before the first one is missed
    seen ??= last;
    rest();
  };
  const lost = () => {
    tell("connecting…", "bad");
    if (!isClosed()) return; // the browser does it by itself
    get("scopes").catch(() => {}); // leads to the login
    setTimeout(goOn, AGAIN_MS);
  };
  const isClosed = () => source.readyState === EventSource.CLOSED;
  const goOn = () => document.hidden || !isClosed() || connect();
  const rest = () => {
    if (document.hidden && (!replay || seen !== null)) source.close();
  };
  document.addEventListener("visibilitychange", () => (document.hidden ? rest() : goOn()));
  addEventListener("pagehide", () => source.close());
  addEventListener("pageshow", (event) => event.persisted && location.reload()); // it was closed
  connect();
}

/** Number of the last event about a cluster; null where it cannot be had. */
async function lastEvent(scope) {
  const { rows } = await get("clusters", { scope, limit: 1 }).catch(() => ({ rows: null }));
  return rows && (rows[0]?.changed ?? 0);
}

function tell(text, kind) {
  const node = the("#live");
  node.hidden = false;
  node.textContent = text;
  node.className = `live ${kind}`;
}
