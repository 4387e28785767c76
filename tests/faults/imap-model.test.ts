import { expect, it } from 'vitest';
import { type Log, silentLog } from '../../src/runtime/log.ts';
import { startImapFixture } from '../harness/imap-fixture.ts';
import { ImapModel } from '../harness/imap-model/run-model.ts';
import { SeededRandom } from '../harness/seeded-random.ts';

const seed = Number(process.env.RESTANTE_SEED ?? Date.now() % 1_000_000);
const rounds = Number(process.env.RESTANTE_ROUNDS ?? 40);

it(`any number of IMAP sessions see a true picture at all times, ${rounds} times (RESTANTE_SEED=${seed})`, {
  timeout: rounds * 20_000,
}, async () => {
  const faults: unknown[] = [];
  const log: Log = { ...silentLog, error: (fields, message) => faults.push([message, fields]), child: () => log };
  await using server = await startImapFixture({ log });
  for (let round = 0; round < rounds; round++) {
    const random = new SeededRandom(seed + round);
    const sessions = random.between(2, 8);
    try {
      await new ImapModel().run({ port: server.port, login: `model${round}`, random, sessions, steps: 150 });
    } catch (error) {
      throw new Error(`RESTANTE_SEED=${seed + round}: ${(error as Error).message}`, { cause: error });
    }
    expect(faults).toEqual([]);
  }
});
