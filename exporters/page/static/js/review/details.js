// What a card shows beyond its suggestion: asked for ahead of time, once each.

import { address, get, Problem } from "../api.js";
import { distance, fixed, percent } from "../format.js";
import { called } from "../parts.js";

const MOST_PHOTOS = 5;

/**
 * A card: sides: {title, cluster, photos}, next to one another; facts: what is measured;
 * seen: clusters that a decision is about; item, partner, other: of a doubtful assignment, an
 * exemplar of its cluster and the cluster where it might lie instead.
 */
export class Details {
  constructor(scope) {
    this.scope = scope;
    this.known = new WeakMap();
  }

  of(suggestion) {
    if (!this.known.has(suggestion)) this.known.set(suggestion, this.load(suggestion));
    return this.known.get(suggestion);
  }

  forget(suggestion) {
    this.known.delete(suggestion);
  }

  /** Ask for a card and its pictures before it is shown. */
  async prepare(suggestion) {
    try {
      const { sides } = await this.of(suggestion);
      for (const { scope, item_id } of sides.flatMap((side) => side.photos)) {
        new Image().src = address("item/thumbnail", { scope, id: item_id });
      }
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.forget(suggestion); // asked anew when it is shown
    }
  }

  load(suggestion) {
    if (suggestion.kind === "apart") return alike(suggestion);
    return suggestion.kind === "small" ? this.pair(suggestion) : this.unsure(suggestion);
  }

  async pair({ clusters: [cluster] }) {
    const query = { scope: this.scope, id: cluster.cluster_id, limit: 2 };
    const [later, earlier] = (await get("cluster/members", query)).rows;
    if (!earlier) throw new Problem(409, "This pair has changed meanwhile.");
    const photos = [earlier, later];
    const sides = photos.map((item) => ({ title: item.image_id, photos: [item] }));
    return { sides, facts: [`confidence ${percent(later.confidence)}`], seen: [cluster], later };
  }

  async unsure({ item, clusters: [own] }) {
    const found = await get("item", { scope: this.scope, id: item.item_id });
    const trials = tried(found.evidence);
    const other = await this.other(item, trials.map((trial) => trial.cluster_id));
    return {
      item, other, own, partner: partner(own, item, trials),
      facts: [`confidence ${percent(item.confidence)}`, ...cosines(found.evidence)],
      seen: other ? [own, other] : [own],
      sides: [
        { title: item.image_id, photos: [item] },
        { title: `lies on ${called(own)}`, cluster: own, photos: without(own, item) },
        other && { title: `or on ${called(other)}`, cluster: other, photos: first(other) },
      ].filter(Boolean),
    };
  }

  /** The cluster it might lie on instead: what it was compared with, else what is most alike. */
  async other(item, tried) {
    for (const id of tried) {
      const found = await this.living(id);
      if (found && found.cluster_id !== item.cluster_id) return found;
    }
    const { rows } = await get("item/similar", { scope: this.scope, id: item.item_id, k: 20 });
    const near = rows.find((row) => row.item.cluster_id !== item.cluster_id);
    return near ? this.living(near.item.cluster_id) : null;
  }

  /** What an id leads to now; null where nothing is left of it. */
  async living(id) {
    const cluster = await get("cluster", { scope: this.scope, id }).catch(nothing);
    if (cluster?.state !== "retired") return cluster;
    return cluster.heir && get("cluster", { scope: this.scope, id: cluster.heir });
  }
}

function nothing(error) {
  if (error.status !== 404) throw error;
  return null;
}

async function alike({ cosine, clusters }) {
  const [one, other] = clusters;
  const apart = one.place && other.place && distance(one.place, other.place);
  const facts = [`cosine ${fixed(cosine)}`, apart != null && `${apart} apart`].filter(Boolean);
  const sides = clusters.map((cluster) => ({
    title: called(cluster), cluster, photos: first(cluster),
  }));
  return { sides, facts, seen: clusters };
}

const first = (cluster) => cluster.exemplars.slice(0, MOST_PHOTOS);

function without(cluster, item) {
  const others = cluster.exemplars.filter((one) => one.item_id !== item.item_id);
  return (others.length ? others : cluster.exemplars).slice(0, MOST_PHOTOS);
}

/** Comparisons of a decision, the most convincing first. */
function tried({ trials = [] }) {
  return [...trials].sort((one, other) => other.verdict.belief - one.verdict.belief);
}

/** A photo of the cluster that stands for it: the one it was compared with, where that is here. */
function partner(cluster, item, trials) {
  const others = cluster.exemplars.filter((one) => one.item_id !== item.item_id);
  const compared = trials.map((trial) => trial.exemplar);
  return others.find((one) => compared.includes(one.item_id)) ?? others[0] ?? null;
}

function cosines({ similarity, runner_up }) {
  return [
    similarity != null && `cosine ${fixed(similarity)}`,
    runner_up != null && `to the next ${fixed(runner_up)}`,
  ].filter(Boolean);
}
