// The review queue: one doubt after another, decided by a key.

import { get, Problem } from "../api.js";
import { h, put, the } from "../dom.js";
import { count } from "../format.js";
import { keys } from "../keys.js";
import { follow } from "../live.js";
import { empty, failure } from "../parts.js";
import { card, leadsTo, question } from "../review/card.js";
import { choices, NEXT, SKIP } from "../review/choices.js";
import { Details } from "../review/details.js";
import { Queue } from "../review/queue.js";
import { Sending } from "../review/sending.js";
import { someScope } from "../scope.js";
import { tell } from "../toast.js";
import { zoom } from "../zoom.js";

const AT_ONCE = 20;
const MOST = 200;
const AHEAD = 2;
const PAUSE_MS = 1000;

class Review {
  constructor(scope) {
    this.scope = scope;
    this.queue = new Queue();
    this.details = new Details(scope);
    this.sending = new Sending(scope);
    this.history = [];
    this.refusals = 0;
    this.shown = null;
    this.card = null;
    this.choices = [];
    this.timer = null;
    /** Whether the server suggests no more than what is known. */
    this.all = false;
  }

  async start() {
    put(the("#content"), h("p", { class: "loading", role: "status" }, "Loading…"));
    try {
      await this.load();
      follow(this.scope, () => this.loadSoon(), { onOpen: () => this.loadSoon() });
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      put(the("#content"), failure(error, () => this.start()));
    }
  }

  /** Take over what the server suggests, but not while it is about to know better. */
  async load() {
    if (this.sending.busy) return this.loadSoon();
    const limit = Math.min(MOST, AT_ONCE + this.queue.skipped.size);
    const { rows } = await get("suggestions", { scope: this.scope, limit });
    if (this.sending.busy) return this.loadSoon();
    this.all = rows.length < limit || limit === MOST;
    this.queue.update(rows, rows.length < limit);
    return this.show();
  }

  /** Look again, but not at every event. */
  loadSoon() {
    this.timer ??= setTimeout(async () => {
      this.timer = null;
      await this.load().catch(ignored); // the next event asks anew
    }, PAUSE_MS);
  }

  show() {
    const { current, outdated, waiting } = this.queue;
    this.tellProgress();
    const more = this.sending.busy || !this.all;
    const state = current ?? (more ? "busy" : "end");
    if (!this.all && waiting.length <= AHEAD) this.loadSoon();
    if (state !== this.shown) this.showAnew(state);
    if (outdated) this.showOutdated();
    for (const next of waiting.slice(1, 1 + AHEAD)) this.details.prepare(next);
  }

  showAnew(state) {
    this.shown = state;
    this.card = null;
    this.offer([]);
    if (state === "end") this.showEnd();
    else if (state === "busy") this.put(h("p", { class: "loading" }, "Looking for more…"));
    else this.showCard(state);
  }

  async showCard(suggestion) {
    try {
      const found = await this.details.of(suggestion);
      if (this.shown !== suggestion) return;
      this.card = found;
      this.put(card(suggestion.kind, found, (side, photo) => this.look(side, photo)));
      this.offer(this.queue.outdated ? [NEXT] : choices(suggestion.kind, found));
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      if (this.shown !== suggestion) return;
      this.details.forget(suggestion);
      this.put(failure(error, () => this.showCard(suggestion)));
      this.offer([SKIP]);
    }
  }

  showOutdated() {
    if (this.choices[0] === NEXT) return;
    const notice = h("p", { class: "notice", role: "status" }, "This has been settled meanwhile.");
    the("#content").prepend(notice);
    this.offer([NEXT]);
  }

  showEnd() {
    const { skipped, settled } = this.queue;
    const again = () => {
      this.queue.bringBackSkipped();
      this.show();
    };
    this.put(empty(
      `Nothing ${skipped.size ? "else " : ""}is doubtful just now. New doubts appear here by themselves.`,
      settled.size > 0 && h("p", {}, `You settled ${settled.size}.`),
      skipped.size > 0 && h("button", { on: { click: again } }, `Look again at the ${skipped.size} skipped`),
    ));
  }

  /** Put into the page; whoever was in what is replaced goes on at its heading. */
  put(node) {
    const within = the("#content").contains(document.activeElement);
    put(the("#content"), node);
    if (within) node.querySelector("[tabindex], button")?.focus();
  }

  /** Offer answers; whoever was at one goes on at the one in its place. */
  offer(offered) {
    const place = [...the("#choices").children].indexOf(document.activeElement);
    if (place >= 0) this.place = place;
    this.choices = offered;
    the("#choices").hidden = !offered.length;
    put(the("#choices"), offered.map((one) => this.button(one)));
    if (this.place == null || !offered.length) return;
    the("#choices").children[Math.min(this.place, offered.length - 1)].focus();
    this.place = null;
  }

  button(choice) {
    // A double click would answer the next question too, unseen.
    const click = (event) => event.detail > 1 || this.choose(choice);
    return h("button", { class: choice.main && "main", on: { click } },
      choice.label, " ", h("kbd", { "aria-hidden": "true" }, choice.letter ?? choice.key));
  }

  choose(choice) {
    if (choice === NEXT) this.queue.next();
    else if (choice === SKIP) this.history.push({ suggestion: this.queue.skip() });
    else this.decide(choice);
    this.show();
    this.say(choice.done ?? "");
  }

  /** Go on at once; what is refused comes back. */
  decide({ order }) {
    const { seen } = this.card;
    const settling = this.sending.carry(order, seen);
    const entry = { suggestion: this.queue.settle(), settling, seen };
    this.history.push(entry);
    settling.then(() => this.loadSoon(), (error) => this.refused(entry, error));
  }

  refused(entry, error) {
    if (!(error instanceof Problem)) throw error;
    tell(error.message, { kind: "bad" });
    if (error.handedIn) return; // a worker may come to it yet: it stays decided, and can be taken back
    this.refusals += 1;
    this.history = this.history.filter((other) => other !== entry);
    this.details.forget(entry.suggestion);
    this.queue.reopen(entry.suggestion);
    this.loadSoon();
  }

  back() {
    const entry = this.history.pop();
    if (!entry) return this.say("There is nothing to take back.");
    this.queue.bringBack(entry.suggestion);
    if (entry.settling) this.undo(entry);
    this.show();
    return this.say("Taken back.");
  }

  async undo({ settling, seen }) {
    try {
      await this.sending.takeBack(settling, seen);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      tell(error.message, { kind: "bad" });
    }
    this.loadSoon();
  }

  /** Show a photo of a side large, beside the first one of the other. */
  look(side, photo) {
    const [first, second] = this.card.sides.map(({ photos }) => photos[0]);
    zoom((side === 0 ? [photo, second] : [first, photo]).filter(Boolean));
  }

  lookAtFirst() {
    if (this.card) this.look(0, this.card.sides[0].photos[0]);
  }

  /** Leave once all is carried out; what is refused is told here. */
  async open() {
    if (!this.card) return;
    const [target, refusals] = [leadsTo(this.card), this.refusals];
    const wait = this.sending.busy && tell("Working…", { stays: true });
    await this.sending.rest();
    if (wait) wait();
    if (refusals === this.refusals) location.assign(target);
  }

  /** Decisions that still wait to be handed in would be lost with the page. */
  warn(event) {
    if (this.sending.busy) event.preventDefault();
  }

  tellProgress() {
    const { passed, waiting } = this.queue;
    the("#progress").textContent = waiting.length
      ? `${passed + 1} of ${passed + waiting.length}${this.all ? "" : "+"}`
      : "";
  }

  say(text) {
    const { current, waiting } = this.queue;
    const next = current ? `${question(current.kind)} ${count(waiting.length, "doubt")} left.` : "";
    the("#said").textContent = `${text} ${next}`;
  }

  press(key) {
    const choice = this.choices.find((one) => one.key === key || one.letter === key);
    if (choice) this.choose(choice);
  }
}

function ignored(error) {
  if (!(error instanceof Problem)) throw error;
}

function listen(review) {
  const once = (run) => (event) => event.repeat || run();
  const press = (key) => once(() => review.press(key));
  const back = once(() => review.back());
  the("#back").addEventListener("click", () => review.back());
  addEventListener("beforeunload", (event) => review.warn(event));
  keys({
    1: ["first answer", press("1")],
    2: ["second answer", press("2")],
    3: ["third answer", press("3")],
    y: ["yes, it is the same, it is right", press("y")],
    n: ["no, it is not", press("n")],
    s: ["skip", press("s")],
    ArrowRight: ["skip", press("s")],
    j: ["skip", press("s")],
    u: ["take the last decision back", back],
    ArrowLeft: ["take the last decision back", back],
    k: ["take the last decision back", back],
    o: ["open the cluster or photo", () => review.open()],
    " ": ["both photos large; there, m shows matching points", () => review.lookAtFirst()],
  });
}

const scope = await someScope();
if (scope) {
  const review = new Review(scope);
  listen(review);
  await review.start();
} else {
  put(the("#content"), empty("No photos have come yet."));
}
