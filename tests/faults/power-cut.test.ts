import { describe, expect, it } from 'vitest';
import { killRounds } from './load/kill-rounds.ts';
import { mountPowerDisk, noPowerDiskReason } from './load/power-disk.ts';

const reason = noPowerDiskReason();
const cuts = Number(process.env.RESTANTE_CUTS ?? 40);
const seed = Number(process.env.RESTANTE_SEED ?? Date.now() % 1_000_000);

describe.skipIf(reason !== undefined)(`a power cut${reason === undefined ? '' : ` (skipped: ${reason})`}`, () => {
  it(`loses nothing that was acknowledged, ${cuts} times under load (RESTANTE_SEED=${seed})`, {
    timeout: cuts * 20_000 + 60_000,
  }, async () => {
    await using disk = await mountPowerDisk(2 * 1024 ** 3);
    const { acknowledged } = await killRounds({ kills: cuts, seed, maxChanges: 400, verifyEach: 3, disk });
    expect(acknowledged).toBeGreaterThan(cuts);
  });
});
