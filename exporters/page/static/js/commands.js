// Corrections: handed in, and waited for.

import { get, Problem, send } from "./api.js";

const PATIENCE_MS = 15000;
const FIRST_LOOK_MS = 100;
const MAX_LOOK_MS = 1000;

/** The name that stands beside corrections. */
export const author = () => localStorage.getItem("cairn.author") ?? "";

/**
 * Hand in an order and wait until a worker has come to it. Throws a Problem where it was refused,
 * or, with its id as `handedIn`, where nobody can tell yet: it may still be carried out.
 */
export async function settle(scope, order) {
  const command_id = freshId();
  try {
    await persist(() => send("commands", { scope, author: author(), ...order, command_id }));
    const command = await persist(() => settled(scope, command_id));
    if (command.status === "applied") return command;
    throw refusal(command.body);
  } catch (error) {
    if (isPassing(error)) throw new Problem(0, `${error.message} It may still be carried out.`, command_id);
    throw error;
  }
}

/** Made here, so that what is handed in again because no answer came is carried out once. */
function freshId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16)); // randomUUID is not there over plain HTTP
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function settled(scope, id) {
  const command = await get("command", { scope, id });
  return command.status === "waiting" ? null : command;
}

/** Ask until there is an answer, as long as that may help; throws a Problem where none came. */
async function persist(ask) {
  const until = Date.now() + PATIENCE_MS;
  let why = null;
  for (let pause = FIRST_LOOK_MS; Date.now() < until; pause = Math.min(2 * pause, MAX_LOOK_MS)) {
    try {
      const answer = await ask();
      if (answer) return answer;
      why = null;
    } catch (error) {
      if (!isPassing(error)) throw error;
      why = error;
    }
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
  throw why ?? new Problem(0, "No worker has come to it yet. Is one running?");
}

/** Whether asking again may help: no answer came, or not that of a server that is well. */
const isPassing = (error) => error instanceof Problem && (error.status === 0 || error.status >= 500);

function refusal({ reason, detail }) {
  if (reason !== "conflict") return new Problem(422, `Nothing was done: ${detail}`);
  return new Problem(
    409, "Somebody else changed this meanwhile, so nothing was done. Look again, then decide.",
  );
}
