import { nextTurn, turnEnd } from './turns.ts';

/**
 * For long loops without anything to wait for, on the thread that answers clients: lets others have their turn every millisecond.
 * @returns to be awaited in each round, or in each of some ten where a round takes next to nothing
 */
export function takeTurns(): () => Promise<void> | undefined {
  let until = turnEnd();
  return () => {
    if (performance.now() < until) return undefined;
    return nextTurn().then(() => {
      until = turnEnd();
    });
  };
}
