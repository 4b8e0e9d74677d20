// Asks the API. What cannot be answered is thrown as a Problem with a sentence for people.

const BASE = "/api/v1/";

export class Problem extends Error {
  /**
   * status: of HTTP; 0 where no answer came. handedIn: id of a command that may be carried out all
   * the same, null for none.
   */
  constructor(status, detail, handedIn = null) {
    super(detail);
    this.status = status;
    this.handedIn = handedIn;
  }
}

/** The address of something; parameters that are null, undefined or empty are left out. */
export function address(path, query = {}) {
  return BASE + path + asQuery(query);
}

export function asQuery(query) {
  const given = Object.entries(query).filter(([, value]) => value != null && value !== "");
  return given.length ? "?" + new URLSearchParams(given) : "";
}

export const get = (path, query, options = {}) => ask(address(path, query), options);

export const post = (path, query, body, type) =>
  ask(address(path, query), { method: "POST", body, headers: { "Content-Type": type } });

export const send = (path, value) => post(path, {}, JSON.stringify(value), "application/json");

/** What `how` makes of an answer that is not, or not only, its JSON. */
export const read = (path, query, how) => ask(address(path, query), {}, how);

async function ask(url, options, how = (answer) => answer.json()) {
  try {
    const response = await fetch(url, options);
    if (response.status === 401) logIn();
    if (!response.ok) throw new Problem(response.status, await sentence(response));
    return await how(response);
  } catch (error) {
    throw silence(error) ?? error;
  }
}

/** What browsers throw where no answer came, it broke off, or is not that of this server. */
function silence(error) {
  if (error instanceof TypeError) return new Problem(0, "The server does not answer. Is it running?");
  if (error instanceof SyntaxError) return new Problem(0, "What answers is not Cairn. Is there a proxy before it?");
  return null;
}

/** Go to the login, and come back here afterwards. */
function logIn() {
  location.assign("/login" + asQuery({ next: location.pathname + location.search }));
}

async function sentence(response) {
  const body = await response.json().catch(() => null);
  const text = body?.detail ?? `The server answered ${response.status}.`;
  return text.charAt(0).toUpperCase() + text.slice(1);
}
