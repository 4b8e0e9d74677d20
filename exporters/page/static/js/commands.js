// Corrections: handed in, waited for, told, and undone.

import { get, Problem, send } from "./api.js";
import { tell } from "./toast.js";

const PATIENCE_MS = 15000;
const FIRST_LOOK_MS = 100;
const MAX_LOOK_MS = 1000;

/** The name that stands beside corrections. */
export const author = () => localStorage.getItem("cairn.author") ?? "";

/**
 * Carry out an order, and say how it went. order: as docs/schemas/cairn.command.v1.json has it.
 * seen: clusters as they were shown, so that nothing is done to one that changed meanwhile.
 * Answers the settled command, or null where nothing was done.
 */
export async function carryOut(scope, order, { done, seen = [], undo = true } = {}) {
  const expects = Object.fromEntries(seen.map((cluster) => [cluster.cluster_id, cluster.revision]));
  const wait = tell("Working…", { stays: true });
  try {
    const settled = await settle(scope, { ...order, expects });
    tell(done, { kind: "good", action: undo && undoing(scope, settled) });
    return settled;
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    tell(error.message, { kind: "bad", action: error.status === 409 ? reload : null });
    return null;
  } finally {
    wait();
  }
}

const reload = { label: "Look again", run: () => location.reload() };

function undoing(scope, settled) {
  const order = { command: "undo", undone_id: settled.command_id };
  const run = async () => {
    const undone = await carryOut(scope, order, { done: "Undone.", undo: false });
    if (undone) document.dispatchEvent(new Event("cairn:corrected"));
  };
  return { label: "Undo", run };
}

/** Hand in an order and wait until a worker has come to it; throws a Problem where it was refused. */
export async function settle(scope, order) {
  const { command_id } = await send("commands", { scope, author: author(), ...order });
  const until = Date.now() + PATIENCE_MS;
  for (let pause = FIRST_LOOK_MS; Date.now() < until; pause = Math.min(2 * pause, MAX_LOOK_MS)) {
    await new Promise((resolve) => setTimeout(resolve, pause));
    const command = await get("command", { scope, id: command_id });
    if (command.status === "applied") return command;
    if (command.status === "refused") throw refusal(command.body);
  }
  throw new Problem(0, "It was handed in, but no worker has come to it yet. Is one running?");
}

function refusal({ reason, detail }) {
  if (reason !== "conflict") return new Problem(422, `Nothing was done: ${detail}`);
  return new Problem(
    409, "Somebody else changed this meanwhile, so nothing was done. Look again, then decide.",
  );
}
