/** How long one piece of work may hold the event loop. */
const turnMs = 5;

/**
 * For long loops without anything to wait for, on the thread that answers clients: lets others have their turn every few milliseconds.
 * @returns to be awaited in each round, or in each of some hundred where a round takes next to nothing
 */
export function takeTurns(): () => Promise<void> | undefined {
  let began = performance.now();
  return () => {
    if (performance.now() - began < turnMs) return undefined;
    return new Promise((resolve) => {
      setImmediate(() => {
        began = performance.now();
        resolve();
      });
    });
  };
}
