/** Edit distance between two short words, with a swap of neighbours counted as one. */
function distance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1];
      let least = Math.min(last[column] + 1, current[column - 1] + 1, last[column - 1] + (same ? 0 : 1));
      if (row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]) {
        least = Math.min(least, beforeLast[column - 2] + 1);
      }
      current.push(least);
    }
    beforeLast = last;
    last = current;
  }
  return last[b.length];
}

/**
 * The known word that the given one was probably meant to be: differing only in case, underscores or hyphens, or by at most a
 * third of its letters.
 */
export function nearestKey(given: string, known: readonly string[]): string | undefined {
  if (given.length > 64) return undefined;
  const plain = (word: string): string => word.toLowerCase().replace(/[-_\s]/g, '');
  let best: string | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const word of known) {
    const apart = distance(plain(given), plain(word));
    if (apart < least && apart <= Math.max(1, Math.floor(word.length / 3))) {
      least = apart;
      best = word;
    }
  }
  return best;
}
