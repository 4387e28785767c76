import { expect, it } from 'vitest';
import { killRounds } from './load/kill-rounds.ts';

const kills = Number(process.env.RESTANTE_KILLS ?? 200);
const seed = Number(process.env.RESTANTE_SEED ?? Date.now() % 1_000_000);
/** Each data directory serves for so many kills: with its mail grows the time to look through it. */
const killsOfOne = 25;

it(`holds all that was acknowledged after each of ${kills} kills under load (RESTANTE_SEED=${seed})`, {
  timeout: kills * 15_000 + 60_000,
}, async () => {
  let acknowledged = 0;
  for (let done = 0; done < kills; done += killsOfOne) {
    const round = { kills: Math.min(killsOfOne, kills - done), seed: seed + done, maxChanges: 600, verifyEach: 5 };
    acknowledged += (await killRounds(round)).acknowledged;
  }
  expect(acknowledged).toBeGreaterThan(kills);
});
