/** In long reads: the read transaction stays open; others get their turn on this thread. */
export function othersTurn(): Promise<void> {
  return new Promise((next) => setImmediate(next));
}
