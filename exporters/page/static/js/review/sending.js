// Carries decisions out one after another in the background, and takes them back.

import { get, Problem } from "../api.js";
import { settle } from "../commands.js";

/**
 * Whoever decides fast looks at clusters that his own earlier decisions are changing. What those
 * made of a revision is remembered, so that only changes of others count as conflicts.
 */
export class Sending {
  constructor(scope) {
    this.scope = scope;
    this.last = Promise.resolve();
    this.ours = new Map();
    this.waiting = 0;
  }

  get busy() {
    return this.waiting > 0;
  }

  /** Wait until all that was decided is carried out or refused. */
  async rest() {
    while (this.busy) await this.last;
  }

  /** Hand in an order; seen: clusters as they were shown. Throws a Problem where it is refused. */
  carry(order, seen) {
    return this.inTurn(async () => {
      const expects = Object.fromEntries(seen.map((one) => [one.cluster_id, this.revision(one)]));
      return this.settle({ ...order, expects }, expects);
    });
  }

  /** Undo a command once it is settled or handed in; does nothing where it was refused. */
  takeBack(settling, seen) {
    return this.inTurn(async () => {
      const done = await settling.catch(handedIn);
      if (!done) return;
      const now = Object.fromEntries(seen.map((one) => [one.cluster_id, this.revision(one)]));
      await this.settle({ command: "undo", undone_id: done.command_id }, now);
    });
  }

  inTurn(run) {
    this.waiting += 1;
    const turn = this.last.then(run).finally(() => { this.waiting -= 1; });
    this.last = turn.catch(() => {}); // whoever asked for it hears of it
    return turn;
  }

  async settle(order, revisions) {
    const settled = await settle(this.scope, order);
    await Promise.all(Object.entries(revisions).map((one) => this.learn(settled, ...one)));
    return settled;
  }

  revision({ cluster_id, revision }) {
    const now = this.ours.get(`${revision} ${cluster_id}`);
    return now === undefined ? revision : this.revision({ cluster_id, revision: now });
  }

  async learn({ events }, id, before) {
    if (!events) return;
    try {
      const { changed, revision } = await get("cluster", { scope: this.scope, id });
      const ours = events[0] <= changed && changed <= events[1];
      if (ours && revision > before) this.ours.set(`${before} ${id}`, revision);
    } catch (error) {
      if (!(error instanceof Problem)) throw error; // unknown: at worst a conflict is told
    }
  }
}

/** The command of a failure, where one was handed in that nobody came to in time. */
const handedIn = ({ handedIn: command_id }) => command_id ? { command_id } : null;
