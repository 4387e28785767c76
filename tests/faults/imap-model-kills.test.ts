import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { ImapModel } from '../harness/imap-model/run-model.ts';
import { SeededRandom } from '../harness/seeded-random.ts';
import type { TestServer } from '../harness/start-test-server.ts';
import { verify } from './load/kill-rounds.ts';
import { startKillable, temporaryDirectory } from './load/killable-server.ts';

const seed = Number(process.env.RESTANTE_SEED ?? Date.now() % 1_000_000);
const kills = Number(process.env.RESTANTE_KILLS ?? 10);
const rounds = Number(process.env.RESTANTE_ROUNDS ?? 4);
const login = 'a0@example.org';

describe(`IMAP sessions (RESTANTE_SEED=${seed})`, () => {
  it(`find what they were told after each of ${kills} kills, and by QRESYNC all that is there`, async () => {
    const random = new SeededRandom(seed);
    const directory = await temporaryDirectory();
    const start = await startKillable(directory);
    const model = new ImapModel();
    for (let kill = 0; kill < kills; kill++) {
      const server = await start();
      const port = server.ports.imap;
      await model.check({ port, login });
      const sessions = random.between(2, 6);
      // Not before the sessions are at work: connecting takes a while.
      const running = model.run({ port, login, random, sessions, steps: 100_000, mayEnd: true });
      await Promise.race([model.done(random.between(10, 150)), running]);
      await server.kill();
      await running;
      if (kill % 5 === 4) await verify(server.dataDirectory);
    }
    const server = await start();
    await model.check({ port: server.ports.imap, login });
    await server.stop();
    await verify(server.dataDirectory);
  });

  it(`see a true picture while backups are taken and restored into their account, ${rounds} times`, async () => {
    const random = new SeededRandom(seed);
    const directory = await temporaryDirectory();
    const server = await (await startKillable(directory))();
    const model = new ImapModel();
    const port = server.ports.imap;
    for (let round = 0; round < rounds; round++) {
      const others = backUpAndRestore(server, join(directory, `backup${round}`), random.pick(['merge', 'mirror']));
      others.catch(() => {});
      await model.run({ port, login, random, sessions: random.between(2, 5), steps: 80, others });
      await others;
    }
    await model.check({ port, login });
    await server.stop();
    await verify(server.dataDirectory);
  });
});

/** Restores the whole account and one mailbox from a backup that is taken now, when some more was done. */
async function backUpAndRestore(server: TestServer, backup: string, mode: string): Promise<void> {
  await wait(500);
  const commands = [
    ['backup', backup],
    ['restore', backup, '--account', 'a0', '--mode', mode],
    ['restore', backup, '--account', 'a0', '--mailbox', 'INBOX', '--mode', 'merge'],
  ];
  for (const words of commands) {
    const done = await server.command(...words);
    expect(done, `${words.join(' ')}: ${done.stderr}`).toMatchObject({ code: 0 });
  }
  await verify(backup);
}
