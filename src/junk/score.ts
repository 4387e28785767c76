/** In how many messages of either kind a word was seen. */
export interface WordCounts {
  readonly ham: number;
  readonly junk: number;
}

/** Strength of the belief that a word that was never seen tells nothing, in messages. */
const doubtMessages = 0.45;
/** Words nearer to indifference than this tell nothing, and of the others the most telling count. */
const leastDistance = 0.1;
const mostWords = 150;

/**
 * How probable it is that a message is junk, by the words in it: each word's probability with doubt where it was seen seldom (Robinson),
 * and both the hypotheses that the message is junk and that it is not held against chance (Fisher). A message whose words tell nothing, or
 * tell of both in the same measure, is near 0.5.
 * @param words counts of the message's words, of those that were seen before
 * @param total messages of each kind that were learned
 * @returns 0 to 1
 * Source: Gary Robinson, "A Statistical Approach to the Spam Problem", Linux Journal 107, 2003
 */
export function junkProbability(words: Iterable<WordCounts>, total: WordCounts): number {
  const hamMessages = Math.max(1, total.ham);
  const junkMessages = Math.max(1, total.junk);
  const telling: number[] = [];
  for (const { ham, junk } of words) {
    const seen = ham + junk;
    if (seen === 0) continue;
    const inJunk = junk / junkMessages;
    const inHam = ham / hamMessages;
    const probability = (doubtMessages * 0.5 + seen * (inJunk / (inJunk + inHam))) / (doubtMessages + seen);
    if (Math.abs(probability - 0.5) >= leastDistance) telling.push(probability);
  }
  if (telling.length === 0) return 0.5;
  telling.sort((a, b) => Math.abs(b - 0.5) - Math.abs(a - 0.5));
  telling.length = Math.min(telling.length, mostWords);
  let logJunk = 0;
  let logHam = 0;
  for (const probability of telling) {
    logJunk += Math.log(probability);
    logHam += Math.log1p(-probability);
  }
  const fitsJunk = chiSquareTail(-2 * logJunk, 2 * telling.length);
  const fitsHam = chiSquareTail(-2 * logHam, 2 * telling.length);
  return (1 + fitsJunk - fitsHam) / 2;
}

/**
 * How probable a sum of squares as large as this is by chance.
 * @param freedom degrees of freedom, even
 */
export function chiSquareTail(sum: number, freedom: number): number {
  const half = sum / 2;
  // By logarithms: e to the minus `half` is too small for a number when there are many words.
  let logTerm = -half;
  let total = Math.exp(logTerm);
  for (let index = 1; index < freedom / 2; index++) {
    logTerm += Math.log(half / index);
    total += Math.exp(logTerm);
  }
  return Math.min(1, total);
}
