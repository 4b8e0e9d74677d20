// What waits to be looked at, as the server suggests it and somebody works through it.

/** What a suggestion asks, whatever else is known about it by now. */
function question({ kind, item, clusters }) {
  const about = item ? [item.item_id] : clusters.map((cluster) => cluster.cluster_id).sort();
  return JSON.stringify([kind, ...about]);
}

export class Queue {
  constructor() {
    this.waiting = [];
    this.settled = new Set();
    this.skipped = new Map();
    /** Whether the server does not ask any more what is shown. */
    this.outdated = false;
  }

  get current() {
    return this.waiting[0] ?? null;
  }

  get passed() {
    return this.settled.size + this.skipped.size;
  }

  /**
   * Take over what the server suggests. The current one stays as it is shown, for somebody may
   * be deciding. all: there are no more than these.
   */
  update(rows, all) {
    const shown = this.current;
    const before = new Map(this.waiting.map((one) => [JSON.stringify(one), one]));
    const same = rows.map((row) => before.get(JSON.stringify(row)) ?? row); // its card is known
    const asked = new Map(same.map((row) => [question(row), row]));
    this.outdated = all && shown !== null && !asked.has(question(shown));
    for (const key of this.settled) asked.delete(key);
    for (const key of this.skipped.keys()) asked.delete(key);
    if (shown) asked.delete(question(shown));
    this.waiting = [...(shown ? [shown] : []), ...asked.values()];
  }

  settle() {
    const one = this.next();
    this.settled.add(question(one));
    return one;
  }

  skip() {
    const one = this.next();
    this.skipped.set(question(one), one);
    return one;
  }

  /** Ask again what was settled or skipped. */
  bringBack(one) {
    this.settled.delete(question(one));
    this.skipped.delete(question(one));
    this.waiting = [one, ...this.waiting.filter((other) => question(other) !== question(one))];
    this.outdated = false;
  }

  /** Let it come again, where the server still asks. */
  reopen(one) {
    this.settled.delete(question(one));
  }

  bringBackSkipped() {
    this.waiting.push(...this.skipped.values());
    this.skipped.clear();
  }

  /** Go on, without counting. */
  next() {
    this.outdated = false;
    return this.waiting.shift();
  }
}
