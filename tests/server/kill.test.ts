import { expect, it } from 'vitest';
import { killRounds } from '../faults/load/kill-rounds.ts';

// Hundreds of kills are in tests/faults.
it('a server holds all that was acknowledged after each of 3 kills under load', { timeout: 120_000 }, async () => {
  const seed = Date.now() % 1_000_000;
  const { acknowledged } = await killRounds({ kills: 3, seed, maxChanges: 100, verifyEach: 3 });
  expect(acknowledged).toBeGreaterThan(10);
});
