// The scope that is looked at, which is part of the address of every page.

import { asQuery, get } from "./api.js";

/** What the address says; empty: all scopes. */
export const scope = () => new URLSearchParams(location.search).get("scope") ?? "";

/** The address of a page in a scope. */
export const page = (path, query = {}) => path + asQuery({ scope: scope(), ...query });

/** For pages that need one: what the address says, else the first there is; empty: none yet. */
export async function someScope() {
  if (scope()) return scope();
  const { rows } = await get("scopes");
  if (!rows.length) return "";
  const url = new URL(location);
  url.searchParams.set("scope", rows[0]);
  history.replaceState(null, "", url);
  document.dispatchEvent(new Event("cairn:scope"));
  return rows[0];
}
