import { describe, expect, it } from 'vitest';
import type { OriginKind } from '../message-origins.ts';
import { judgeOrigins } from './sender-reputation.ts';

type Counts = readonly [ham: number, junk: number];

/** @param known counts of one origin of each kind, or of several */
function judged(known: Partial<Record<OriginKind, Counts | readonly Counts[]>>): string | undefined {
  const origins = new Map<OriginKind, string[]>();
  const counts = new Map<string, { ham: number; junk: number }>();
  for (const [kind, each] of Object.entries(known)) {
    const all = (Array.isArray(each[0]) ? each : [each]) as readonly Counts[];
    origins.set(
      kind as OriginKind,
      all.map(([ham, junk], at) => {
        const name = `${kind} ${at}`;
        if (ham + junk > 0) counts.set(name, { ham, junk });
        return name;
      }),
    );
  }
  const decision = judgeOrigins(origins, counts);
  return decision && `${decision.action} ${decision.reason}`;
}

describe('the reputation of a sender', () => {
  it.each<[string, Parameters<typeof judged>[0], string | undefined]>([
    ['nothing is known of', {}, undefined],
    ['only unknown origins', { author: [0, 0], address: [0, 0] }, undefined],
    ['an author who was kept once', { author: [1, 0] }, 'accept author-reputation'],
    ['an author who was called junk too', { author: [9, 1] }, undefined],
    ['an author called junk three times', { author: [0, 3] }, 'junk author-reputation'],
    ['an author called junk twice', { author: [0, 2] }, undefined],
    ['a new author of a domain that was kept', { author: [0, 0], domain: [3, 0] }, 'accept domain-reputation'],
    ['a new author of a domain with both', { author: [0, 0], domain: [50, 1] }, undefined],
    ['an author of junk in a domain that was kept', { author: [0, 1], domain: [0, 0], address: [9, 0] }, undefined],
    ['an author who was kept, from an address of junk', { author: [1, 1], address: [0, 9] }, undefined],
    ['a signer of junk', { signature: [0, 5] }, 'junk signature-reputation'],
    [
      'two signers of whom one was kept',
      {
        signature: [
          [0, 9],
          [9, 0],
        ],
      },
      undefined,
    ],
    [
      'two signers of whom one is unknown',
      {
        signature: [
          [0, 0],
          [9, 0],
        ],
      },
      'accept signature-reputation',
    ],
    ['an address that sent junk only', { address: [0, 5] }, 'junk address-reputation'],
    ['a network that sent junk only', { address: [0, 0], network: [0, 10] }, 'junk network-reputation'],
    ['good neighbours', { address: [0, 0], network: [1000, 0], wideNetwork: [1000, 0] }, undefined],
    ['a wide network that sent junk only', { network: [0, 9], wideNetwork: [0, 20] }, 'junk network-reputation'],
  ])('of %s', (_, known, expected) => {
    expect(judged(known)).toBe(expected);
  });
});
