/**
 * Turns on the thread that answers clients, for work that takes long and waits for nothing. Whoever has had its turn stands in line;
 * one of the line goes on in each round of the event loop, so that what has come for others is read and answered between any two turns,
 * however many stand in line.
 */

/** How long a piece of work keeps the thread before others get their turn. */
const turnMs = 0.5;
/** When many begin in one round, as after a commit that all of them have waited for, those that begin after this time get short turns. */
const fullTurnsMs = 3;
const shortTurnMs = 0.25;

const line: (() => void)[] = [];
/** When the last turn was given, or the line began: with nobody in line it says nothing. */
let roundBegan = 0;

/** @returns when a piece of work that begins or goes on now is to stand in line, in milliseconds as of `performance.now` */
export function turnEnd(): number {
  const now = performance.now();
  return now + (line.length > 0 && now - roundBegan > fullTurnsMs ? shortTurnMs : turnMs);
}

/** Stands in line. @returns resolves when it is one's turn */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    if (line.push(resolve) > 1) return;
    roundBegan = performance.now();
    setImmediate(giveTurn);
  });
}

function giveTurn(): void {
  const next = line.shift();
  // Whoever is left waits for the next round.
  if (line.length > 0) setImmediate(giveTurn);
  roundBegan = performance.now();
  next?.();
}
