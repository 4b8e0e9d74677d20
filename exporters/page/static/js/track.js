// The members of a cluster one after another, read part by part up to a bound.

import { get } from "./api.js";

const AT_ONCE = 200;
const MOST = 2000;

/**
 * Members in order of capture, those without a time last. enough: tells when no more are needed.
 * Answers {rows, whole}; not whole where there are more than anybody would wait for.
 */
export async function track(cluster, enough = () => false) {
  const { scope, cluster_id: id } = cluster;
  const rows = [];
  let cursor = null;
  do {
    const query = { scope, id, order: "captured", limit: AT_ONCE, cursor };
    const part = await get("cluster/members", query);
    rows.push(...part.rows);
    cursor = part.cursor;
  } while (cursor && rows.length < MOST && !enough(rows));
  return { rows, whole: !cursor };
}
