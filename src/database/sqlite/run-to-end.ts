/**
 * Runs an async function that must not leave the microtask loop: it may await what is done already, nothing else.
 * @param makeError called when the event loop turned before the function ended; it keeps running, unheard
 */
export function runToEnd<Result>(start: () => Promise<Result>, makeError: () => Error): Promise<Result> {
  return new Promise<Result>((resolve, reject) => {
    const mine = () => reject(makeError());
    onTurn = mine;
    watch();
    start().then(
      (result) => {
        if (onTurn === mine) onTurn = undefined;
        resolve(result);
      },
      (error: unknown) => {
        if (onTurn === mine) onTurn = undefined;
        reject(error);
      },
    );
  });
}

let onTurn: (() => void) | undefined;
let watching = false;

function watch(): void {
  if (watching) return;
  watching = true;
  setImmediate(() => {
    watching = false;
    const turned = onTurn;
    onTurn = undefined;
    turned?.();
  });
}
