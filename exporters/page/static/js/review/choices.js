// What can be answered to a card, and the order that carries it out.

/** Choices: {key, letter, label, done, order, main}; without an order it is skipped. */
export function choices(kind, card) {
  const of = { apart: ofApart, small: ofSmall, unsure: ofUnsure };
  return [...of[kind](card), SKIP];
}

export const SKIP = { key: "4", letter: "s", label: "Skip", done: "Skipped." };
export const NEXT = { key: "1", letter: "s", label: "Next", main: true };

function ofApart({ seen }) {
  const [kept, other] = [...seen].sort(worthier);
  return [
    {
      key: "1", letter: "y", label: "Same: merge", done: "Merged.", main: true,
      order: { command: "merge", cluster_ids: [kept.cluster_id, other.cluster_id] },
    },
    {
      key: "2", letter: "n", label: "Different: keep apart", done: "Kept apart.",
      order: link(kept.exemplars[0], other.exemplars[0], false),
    },
  ];
}

/** The first keeps its id: the one that has a name, was vouched for, or is larger. */
const worthier = (one, other) =>
  Boolean(other.name) - Boolean(one.name) || other.pinned - one.pinned || other.size - one.size;

function ofSmall({ seen: [cluster], later }) {
  return [
    {
      key: "1", letter: "y", label: "Same: confirm", done: "Confirmed.", main: true,
      order: confirm(cluster),
    },
    {
      key: "2", letter: "n", label: "Not the same", done: "Taken apart.",
      order: split(cluster, later),
    },
  ];
}

function ofUnsure({ item, own, partner, other }) {
  const whole = !partner || (own.state === "pending" && own.size === 2);
  return [
    {
      key: "1", letter: "y", label: "Right", done: "Confirmed.", main: true,
      order: whole ? confirm(own) : link(item, partner, true),
    },
    other && {
      key: "2", label: "Move to the other", done: "Moved.",
      order: { command: "move", item_ids: [item.item_id], cluster_id: other.cluster_id },
    },
    { key: "3", letter: "n", label: "On its own", done: "Split off.", order: split(own, item) },
  ].filter(Boolean);
}

const confirm = (cluster) => ({ command: "confirm", cluster_id: cluster.cluster_id });
const split = (cluster, item) => ({
  command: "split", cluster_id: cluster.cluster_id, item_ids: [item.item_id],
});
const link = (one, other, together) => ({
  command: "link", item_ids: [one.item_id, other.item_id], together,
});
