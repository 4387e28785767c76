import type { LabelledMessage } from './make-corpus.ts';

/**
 * What Restante's filter could be instead: the same words, combined by Bayes' rule as if they came independently of each other. Here to
 * be measured against, nowhere else.
 */
export function naiveBayes(
  learned: readonly LabelledMessage[],
  judged: readonly LabelledMessage[],
  wordsOf: (message: LabelledMessage) => Set<string>,
) {
  const started = performance.now();
  const counts = new Map<string, [ham: number, junk: number]>();
  const total: [number, number] = [0, 0];
  for (const message of learned) {
    const kind = message.isJunk ? 1 : 0;
    total[kind]++;
    for (const word of wordsOf(message)) {
      const count = counts.get(word) ?? [0, 0];
      count[kind]++;
      counts.set(word, count);
    }
  }
  const between = performance.now();
  const scores = judged.map((message) => {
    let logOdds = Math.log((total[1] + 1) / (total[0] + 1));
    for (const word of wordsOf(message)) {
      const [ham, junk] = counts.get(word) ?? [0, 0];
      if (ham + junk > 0) logOdds += Math.log((junk + 1) / (total[1] + 2)) - Math.log((ham + 1) / (total[0] + 2));
    }
    return 1 / (1 + Math.exp(-logOdds));
  });
  return {
    name: 'the same words, naive Bayes',
    threshold: 0.95,
    scores,
    learnSeconds: (between - started) / 1000,
    judgeSeconds: (performance.now() - between) / 1000,
  };
}
