// What there is, what comes in and what happens to it, as it happens.

import { get, Problem } from "../api.js";
import { h, put, the } from "../dom.js";
import { count } from "../format.js";
import { growing } from "../growing.js";
import { correction, correctionKey, refusal, refusalKey } from "../happenings.js";
import { follow } from "../live.js";
import { BIN_MS, Pace, sparkline } from "../pace.js";
import { clusterCard, failure, photoTile } from "../parts.js";
import { page, scope } from "../scope.js";
import { freshness, totals } from "../standing.js";
import { inTurns } from "../turns.js";

const REST_MS = 250;
const LOOK_MS = 5000;
const NEWEST = 24;
const CHANGED = 8;
const HAPPENINGS = 8;

const ofScope = (row) => [row.scope, row.item_id ?? row.cluster_id];
const section = (id, rules) => growing(the(`#${id}`), the(`#${id}-fresh`), rules);
const showNewest = section("newest", {
  key: (item) => JSON.stringify(ofScope(item)), version: (item) => item.cluster_id, make: (item) => photoTile(item),
});
const showChanged = section("changed", {
  key: (cluster) => JSON.stringify(ofScope(cluster)),
  version: (cluster) => cluster.changed,
  make: (cluster) => clusterCard(cluster),
});
const showRefused = section("refused", { key: refusalKey, make: refusal });
const showCorrected = section("corrected", { key: correctionKey, make: correction });

/** What each source could not answer, by its name. */
const failures = new Map();
const pace = new Pace();
const look = inTurns(lookAtPhotos, REST_MS);
const lookAround = inTurns(lookAtRest, REST_MS);

follow(scope(), (events) => {
  pace.add(events, Date.now());
  showPace();
  look();
  if (events.some((event) => event.command_id)) lookAround();
}, { replay: false }); // what came long ago is not the pace of this minute
document.addEventListener("visibilitychange", lookAtAll);
setInterval(lookAtAll, LOOK_MS);
setInterval(showPace, BIN_MS / 5);
showPace();
lookAtAll();

/** While somebody looks. */
function lookAtAll() {
  if (document.hidden) return;
  look();
  lookAround();
}

/** What changes with every photo. */
async function lookAtPhotos() {
  await told("photos", async () => {
    const [counts, newest, changed] = await Promise.all([
      get("counts", { scope: scope() }),
      get("newest", { scope: scope(), limit: NEWEST }),
      get("clusters", { scope: scope(), limit: CHANGED }),
    ]);
    if (isNothing(counts)) return showNothing();
    showContent();
    put(the("#totals"), totals(counts));
    showNewest(newest.rows);
    showChanged(changed.rows);
  });
}

/** What no event tells of: refusals, corrections that were refused, how far behind all is. */
async function lookAtRest() {
  await told("rest", async () => {
    const [feed, refused, corrected] = await Promise.all([
      get("feed"),
      get("rejections", { scope: scope(), limit: HAPPENINGS }),
      get("commands", { scope: scope(), limit: HAPPENINGS }),
    ]);
    put(the("#feed"), freshness(feed.rows));
    showRefused(refused.rows);
    showCorrected(corrected.rows);
    the("#none-refused").hidden = refused.rows.length > 0;
    the("#none-corrected").hidden = corrected.rows.length > 0;
  });
}

/** Carry on, or say why not; what is shown already stays. */
async function told(source, work) {
  try {
    await work();
    failures.delete(source);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    failures.set(source, error.message);
    document.querySelector("#state .loading")?.remove();
  }
  showFailures();
}

/** Drawn anew only where it is another: it may have the focus, and is read aloud. */
function showFailures() {
  const message = [...new Set(failures.values())].join(" ");
  if (message === (the("#failures").dataset.message ?? "")) return;
  the("#failures").dataset.message = message;
  put(the("#failures"), message !== "" && failure({ message }, lookAtAll));
}

const isNothing = (counts) => !counts.images && !counts.rejections.length;

function showNothing() {
  the("#content").hidden = true;
  if (the("#state").querySelector(".start")) return;
  put(the("#state"), the("#nothing").content.cloneNode(true));
  if (scope()) {
    the(".start").prepend(h("p", {}, `In the scope “${scope()}”:`));
    the(".start").append(h("p", {}, h("a", { href: page("/", { scope: "" }) }, "Look at all scopes")));
  }
}

function showContent() {
  the("#content").hidden = false;
  put(the("#state"));
}

function showPace() {
  const now = Date.now();
  sparkline(the("#pace"), pace.counts(now));
  the("#rate").textContent = count(pace.lastMinute(now), "photo");
}
