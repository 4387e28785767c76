import type { ArgumentParser } from './argument-parser.ts';

const algorithms = ['ORDEREDSUBJECT', 'REFERENCES'] as const;

/** How THREAD finds out which messages belong together. */
export type ThreadAlgorithm = (typeof algorithms)[number];

/** @throws ImapSyntaxError. Source: RFC 5256 §4 (thread-alg) */
export function parseThreadAlgorithm(parser: ArgumentParser): ThreadAlgorithm {
  const name = parser.word();
  return algorithms.find((known) => known === name) ?? parser.fail('Unknown threading algorithm');
}
