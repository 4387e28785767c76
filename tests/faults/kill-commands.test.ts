import { existsSync } from 'node:fs';
import { readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { ImapTestClient } from '../harness/imap-client.ts';
import { SeededRandom } from '../harness/seeded-random.ts';
import { choosePorts, makeTestConfig, runCommand, startTestServer } from '../harness/start-test-server.ts';
import { verify } from './load/kill-rounds.ts';
import { startCommand } from './load/killable-command.ts';
import { keysIn, startKillable, temporaryDirectory, writeMbox } from './load/killable-server.ts';

const seed = Number(process.env.RESTANTE_SEED ?? Date.now() % 1_000_000);
const rounds = Number(process.env.RESTANTE_ROUNDS ?? 4);

describe(`a kill (RESTANTE_SEED=${seed})`, () => {
  const random = new SeededRandom(seed);

  it('of the server or the command during an import leaves whole messages, in order', async () => {
    const directory = await temporaryDirectory();
    const start = await startKillable(directory);
    const mbox = join(directory, 'mail.mbox');
    const keys = await writeMbox(mbox);
    let server = await start();
    for (let round = 0; round < rounds; round++) {
      const mailbox = `round${round}`;
      const command = startCommand('import', 'mbox', 'a0', mbox, '--mailbox', mailbox, '--config', server.configPath);
      const afterMs = random.between(200, 1500);
      if (round % 2 === 0) {
        await Promise.race([wait(afterMs), command.ended]);
        await server.kill();
        await command.ended;
        await verify(server.dataDirectory);
        server = await start();
      } else await command.killAfter(afterMs);
      // A server goes on for a moment until it notices that the command is gone.
      for (let before = -1; ; await wait(200)) {
        const found = await keysIn(server, mailbox);
        expect(found).toEqual(keys.slice(0, found.length));
        if (found.length === before) break;
        before = found.length;
      }
    }
    await server.stop();
    await verify(server.dataDirectory);
    const offline = startCommand('import', 'mbox', 'a0', mbox, '--mailbox', 'offline', '--config', server.configPath);
    await offline.killAfter(random.between(300, 1200));
    await verify(server.dataDirectory);
    server = await start();
    const found = await keysIn(server, 'offline');
    expect(found).toEqual(keys.slice(0, found.length));
  });

  it('during a backup leaves none or a complete one, and the next backup clears away the rest', async () => {
    const directory = await temporaryDirectory();
    const start = await startKillable(directory);
    const mbox = join(directory, 'mail.mbox');
    const keys = await writeMbox(mbox);
    let server = await start();
    expect((await server.command('import', 'mbox', 'a0', mbox, '--mailbox', 'mail')).code).toBe(0);
    const startedAt = performance.now();
    expect((await server.command('backup', join(directory, 'first'))).code).toBe(0);
    const durationMs = performance.now() - startedAt;
    let incomplete = 0;
    // Until one was cut short: how long a part takes depends on the machine.
    for (let round = 0; round < rounds || (incomplete === 0 && round < 10 * rounds); round++) {
      const backup = join(directory, `backup${round}`);
      const command = startCommand('backup', backup, '--config', server.configPath);
      for (const end = Date.now() + 5000; !existsSync(`${backup}.incomplete`) && Date.now() < end; ) await wait(1);
      await wait(random.next() * durationMs * 0.5);
      await server.kill();
      const code = await command.ended;
      if (existsSync(backup)) await verify(backup);
      else expect(code).not.toBe(0);
      if (existsSync(`${backup}.incomplete`)) {
        incomplete++;
        expect((await runCommand(['verifydata', `${backup}.incomplete`])).code).not.toBe(0);
        const restored = await runCommand(['restore', `${backup}.incomplete`, join(directory, 'never')]);
        expect(restored.code).not.toBe(0);
        expect(existsSync(join(directory, 'never'))).toBe(false);
      }
      await verify(server.dataDirectory);
      server = await start();
      if (!existsSync(backup)) {
        expect(await server.command('backup', backup)).toMatchObject({ code: 0 });
        await verify(backup);
      }
      expect((await readdir(directory)).filter((name) => name.endsWith('.incomplete'))).toEqual([]);
      await rm(backup, { recursive: true });
    }
    expect(incomplete).toBeGreaterThan(0);
    expect(await keysIn(server, 'mail')).toEqual(keys);
  });

  it('during a restore leaves no data directory or a complete one', async () => {
    const directory = await temporaryDirectory();
    const start = await startKillable(directory);
    const mbox = join(directory, 'mail.mbox');
    await writeMbox(mbox);
    const server = await start();
    expect((await server.command('import', 'mbox', 'a0', mbox, '--mailbox', 'mail')).code).toBe(0);
    const backup = join(directory, 'backup');
    expect((await server.command('backup', backup)).code).toBe(0);
    await server.stop();
    const data = join(directory, 'restored', 'data');
    const config = join(directory, 'restored', 'config');
    const restore = ['restore', backup, data, '--config-dir', config];
    const started = performance.now();
    expect((await runCommand(restore)).code).toBe(0);
    const wholeMs = performance.now() - started;
    for (let round = 0; round < 2 * rounds; round++) {
      await rm(join(directory, 'restored'), { recursive: true, force: true });
      await startCommand(...restore).killAfter(wholeMs * random.next() * 1.1);
      if (existsSync(data)) await verify(data);
      else {
        // Configuration comes first: it may be there alone, and is replaced.
        const again = await runCommand(restore);
        expect(again, again.stderr).toMatchObject({ code: 0 });
        await verify(data);
      }
      expect((await readdir(join(directory, 'restored'))).sort()).toEqual(['config', 'data']);
    }
  });

  it('during the first start leaves what the next start can go on from', async () => {
    for (let round = 0; round < rounds; round++) {
      const directory = await temporaryDirectory();
      const ports = await choosePorts();
      const configPath = await makeTestConfig({ directory, ports, accounts: ['a0'] });
      for (let kills = 0; kills < 3; kills++) {
        await startCommand('serve', '--config', configPath).killAfter(random.between(150, 900));
        if (existsSync(join(directory, 'data', 'version'))) await verify(join(directory, 'data'));
      }
      await using server = await startTestServer({ directory, ports, accounts: ['a0'] });
      const set = await runCommand(['setaccountpassword', 'a0', '--config', configPath], 'secret\n');
      expect(set, set.stderr).toMatchObject({ code: 0 });
      using client = await ImapTestClient.login(server.ports.imap, 'a0@example.org');
      expect((await client.ok('LIST "" *')).length).toBeGreaterThan(3);
      await server.stop();
      await verify(server.dataDirectory);
    }
  });

  it('during the first localserve leaves what the next can go on from', async () => {
    for (let round = 0; round < rounds; round++) {
      const directory = join(await temporaryDirectory(), 'localserve');
      // Its ports are fixed: an address of its own keeps it apart.
      const ip = `127.${random.between(1, 250)}.${random.between(1, 250)}.${random.between(2, 250)}`;
      const words = ['localserve', '--dir', directory, '--ip', ip];
      for (let kills = 0; kills < 3; kills++) await startCommand(...words).killAfter(random.between(150, 1200));
      const command = startCommand(...words);
      try {
        for (const end = Date.now() + 30_000; !command.output().includes('is running') && Date.now() < end; ) {
          await wait(50);
        }
        expect(command.output()).toContain('is running');
        const sent = await runCommand(
          ['sendmail', '-f', 'me@localhost', 'me@localhost', '--config', join(directory, 'config', 'restante.yaml')],
          'Subject: hello\n\nhello\n',
        );
        expect(sent, sent.stderr).toMatchObject({ code: 0 });
      } finally {
        await command.killAfter(0, 'SIGTERM');
      }
      await verify(join(directory, 'data'));
    }
  });

  it('during changes of the configuration keeps each that was acknowledged, and the comments', async () => {
    const directory = await temporaryDirectory();
    const start = await startKillable(directory);
    let server = await start();
    const path = join(directory, 'config', 'domains.yaml');
    await writeFile(path, `# Kept for ever.\n${await readFile(path, 'utf8')}`);
    await server.kill();
    server = await start();
    const acknowledged: string[] = [];
    let number = 0;
    for (let round = 0; round < rounds; round++) {
      const running = { yes: true };
      const work = async (): Promise<void> => {
        while (running.yes) {
          const account = `new${++number}`;
          const address = `${account}@example.org`;
          const words = ['config', 'account', 'add', account, address, '--config', server.configPath];
          const command = startCommand(...words);
          const code = number % 3 === 0 ? await command.killAfter(random.between(100, 600)) : await command.ended;
          if (code === 0) acknowledged.push(address);
        }
      };
      const worked = Promise.all([work(), work()]);
      await wait(random.between(500, 2000));
      await server.kill();
      running.yes = false;
      await worked;
      server = await start();
      const listed = await server.command('config', 'address', 'list', '--json');
      for (const address of acknowledged) expect(listed.stdout).toContain(`"${address}"`);
      expect(await readFile(path, 'utf8')).toMatch(/^# Kept for ever\.\n/);
      expect((await server.command('config', 'test')).code).toBe(0);
    }
    expect(acknowledged.length).toBeGreaterThan(0);
    // Each account is made when it is used first; that is killed too.
    const added = acknowledged.map((address) => address.slice(0, address.indexOf('@')));
    for (const account of added.slice(0, 2 * rounds)) {
      const setting = runCommand(['setaccountpassword', account, '--config', server.configPath], 'secret\n');
      await wait(random.between(100, 500));
      await server.kill();
      const { code } = await setting;
      await verify(server.dataDirectory);
      server = await start();
      if (code !== 0) {
        const again = await runCommand(['setaccountpassword', account, '--config', server.configPath], 'secret\n');
        expect(again, again.stderr).toMatchObject({ code: 0 });
      }
      using _client = await ImapTestClient.login(server.ports.imap, `${account}@example.org`);
    }
    await server.stop();
    await verify(server.dataDirectory);
    // Each kill may leave what it was writing; the next start takes it away when it is old.
    const unfinished = async (): Promise<string[]> =>
      (await readdir(join(directory, 'config'))).filter((name) => name.endsWith('.tmp'));
    const old = new Date(Date.now() - 120_000);
    for (const name of await unfinished()) await utimes(join(directory, 'config', name), old, old);
    server = await start();
    await server.stop();
    expect(await unfinished()).toEqual([]);
  });
});
