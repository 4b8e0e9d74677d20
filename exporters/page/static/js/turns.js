// Work that is asked for more often than it can be done.

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Answers a function that has `work` done soon: at once where it rests, never twice at a time, and
 * once more where it was asked for meanwhile; restMs: least time between two.
 */
export function inTurns(work, restMs) {
  let running = false;
  let again = false;
  return async () => {
    again = true;
    if (running) return;
    running = true;
    try {
      while (again) {
        again = false;
        await work().finally(() => pause(restMs));
      }
    } finally {
      running = false;
    }
  };
}
