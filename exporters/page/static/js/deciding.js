// Corrections that ask something first. Each answers null where nobody wanted it after all.

import { agreed, chosenCluster } from "./asking.js";
import { forget, move } from "./corrections.js";
import { count } from "./format.js";

export async function moveSomewhere(cluster, items) {
  const target = await chosenCluster(`Move ${count(items.length, "photo")} to…`, cluster);
  return target && move(cluster, items, target);
}

export async function forgetAsked(cluster, item) {
  const sure = await agreed(
    `Forget ${item.image_id}?`,
    "The photo, all that is on it and what is known of it will be gone. This cannot be undone.",
    "Forget for good",
  );
  return sure ? forget(cluster, item) : null;
}
