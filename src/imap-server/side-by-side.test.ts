import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ImapFixture, startImapFixture } from '../../tests/harness/imap-fixture.ts';
import { ImapModel } from '../../tests/harness/imap-model/run-model.ts';
import { SeededRandom } from '../../tests/harness/seeded-random.ts';
import { type Log, silentLog } from '../runtime/log.ts';

const seed = Number(process.env.RESTANTE_SEED ?? Date.now() % 1_000_000);
const faults: unknown[] = [];
const log: Log = { ...silentLog, error: (fields, message) => faults.push([message, fields]), child: () => log };

let server: ImapFixture;
beforeAll(async () => {
  server = await startImapFixture({ log });
});
afterAll(() => server[Symbol.asyncDispose]());

// Minutes of it are in tests/faults.
describe(`sessions side by side (RESTANTE_SEED=${seed})`, () => {
  it.each([2, 3, 5, 8])('%i of them each see a true picture at all times', async (sessions) => {
    const random = new SeededRandom(seed * 10 + sessions);
    await new ImapModel().run({ port: server.port, login: `model${sessions}`, random, sessions, steps: 60 });
    expect(faults).toEqual([]);
  });
});
