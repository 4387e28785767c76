import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { ImapTestClient } from '../harness/imap-client.ts';
import { SeededRandom } from '../harness/seeded-random.ts';
import type { TestServer } from '../harness/start-test-server.ts';
import { verify } from './load/kill-rounds.ts';
import { startCommand } from './load/killable-command.ts';
import { keysIn, startKillable, temporaryDirectory, writeMbox } from './load/killable-server.ts';

const seed = Number(process.env.RESTANTE_SEED ?? Date.now() % 1_000_000);
const rounds = Number(process.env.RESTANTE_ROUNDS ?? 6);

async function inAccount(server: TestServer, ...commands: string[]): Promise<void> {
  using client = await ImapTestClient.login(server.ports.imap, 'a0@example.org');
  for (const command of commands) await client.ok(command);
}

describe(`a kill (RESTANTE_SEED=${seed})`, () => {
  const random = new SeededRandom(seed);

  it('of the server or the command during a restore into it doubles and loses nothing, and the same again completes it', async () => {
    const directory = await temporaryDirectory();
    const start = await startKillable(directory);
    const mbox = join(directory, 'mail.mbox');
    const keys = await writeMbox(mbox, 1500);
    const backup = join(directory, 'backup');
    let server = await start();
    expect((await server.command('import', 'mbox', 'a0', mbox, '--mailbox', 'mail')).code).toBe(0);
    expect((await server.command('backup', backup)).code).toBe(0);
    let partial = 0;
    // Until one was cut short: how long a restore takes depends on the machine.
    for (let round = 0; round < rounds || (partial === 0 && round < 4 * rounds); round++) {
      const mode = round % 2 === 0 ? 'merge' : 'mirror';
      // A third is left as it is, a third filed elsewhere, a third gone; each time others.
      await inAccount(
        server,
        `CREATE filed${round}`,
        'SELECT mail',
        `UID MOVE ${1 + random.between(0, 400)}:${600 + random.between(0, 400)} filed${round}`,
        'STORE 1:300 +FLAGS (\\Deleted)',
        'EXPUNGE',
      );
      const filed = await keysIn(server, `filed${round}`);
      const left = await keysIn(server, 'mail');
      const words = ['restore', backup, '--account', 'a0', '--mode', mode, '--config', server.configPath];
      const command = startCommand(...words, '--json');
      for (const end = Date.now() + 10_000; !command.output().includes('"progress"') && Date.now() < end; )
        await wait(2);
      await wait(random.between(0, 500));
      if (round % 3 === 2) await command.killAfter(0);
      else {
        await server.kill();
        await command.ended;
        await verify(server.dataDirectory);
        server = await start();
      }
      // A server goes on for a moment until it notices that the command is gone.
      let found: string[] = [];
      for (let before = -1; found.length !== before; await wait(200)) {
        before = found.length;
        found = [...(await keysIn(server, 'mail')), ...(await keysIn(server, `filed${round}`))];
      }
      expect(new Set(found).size).toBe(found.length);
      for (const key of [...filed, ...left]) expect(found).toContain(key);
      if (found.length < keys.length) partial++;
      const again = await server.command(...words.slice(0, -2));
      expect(again, again.stderr).toMatchObject({ code: 0 });
      const restored = [...(await keysIn(server, 'mail')), ...(await keysIn(server, `filed${round}`))];
      expect(restored.sort()).toEqual([...keys].sort());
      if (mode === 'mirror') expect(await keysIn(server, `filed${round}`)).toEqual([]);
      else await inAccount(server, `SELECT filed${round}`, 'UID MOVE 1:* mail', 'SELECT mail', `DELETE filed${round}`);
    }
    expect(partial).toBeGreaterThan(0);
    await server.stop();
    await verify(server.dataDirectory);
  });

  it('during a repair leaves an account that is sound, and mail as it was', async () => {
    const directory = await temporaryDirectory();
    const start = await startKillable(directory);
    const mbox = join(directory, 'mail.mbox');
    const keys = await writeMbox(mbox, 1000);
    let server = await start();
    expect((await server.command('import', 'mbox', 'a0', mbox, '--mailbox', 'mail')).code).toBe(0);
    const repairs = [
      'reassignthreads',
      'reparse',
      'fixuidmeta',
      'fixmsgsize',
      'recalculatemailboxcounts',
      'bumpuidvalidity',
    ];
    for (const repair of repairs) {
      const command = startCommand(repair, 'a0', '--config', server.configPath);
      await Promise.race([wait(random.between(200, 700)), command.ended]);
      await server.kill();
      await command.ended;
      await verify(server.dataDirectory);
      server = await start();
      expect(await keysIn(server, 'mail')).toEqual(keys);
      const again = await server.command(repair, 'a0');
      expect(again, again.stderr).toMatchObject({ code: 0 });
    }
    await server.stop();
    await verify(server.dataDirectory);
  });
});
