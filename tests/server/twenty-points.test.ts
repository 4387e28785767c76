/*
 * The twenty points in which the online backup that Restante sets out to beat falls short: a test for each, that fails on a server with
 * the fault. Other tests go deeper; these are run through the commands that a user types.
 */

import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import SqliteDatabase from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BackupLoad, checkBackup, serveRestored } from '../faults/load/backup-load.ts';
import { FaultDriver } from '../faults/load/injected-faults.ts';
import { ImapTestClient } from '../harness/imap-client.ts';
import { makeJunkFilter } from '../harness/make-junk-filter.ts';
import { SmtpTestClient } from '../harness/smtp-test-client.ts';
import {
  launcher,
  makeTestConfig,
  resultOf,
  runCommand,
  startTestServer,
  type TestServer,
} from '../harness/start-test-server.ts';

let server: TestServer;
let work: string;
let backup: string;
const at = (name: string): string => join(work, name);

beforeAll(async () => {
  server = await startTestServer({
    accounts: ['me', 'you'],
    settings: 'resolver: { servers: ["127.0.0.1:9"], timeout: 1s }',
  });
  work = await mkdtemp(join(tmpdir(), 'restante-twenty-'));
  using client = await ImapTestClient.login(server.ports.imap, 'me@example.org');
  for (let number = 0; number < 10; number++) await client.append('INBOX', message(number));
  await runCommand(
    ['sendmail', '-f', 'me@example.org', 'far@remote.example', '--config', server.configPath],
    'Subject: waits\n\nhello\n',
  );
  backup = at('backup');
  expect(await server.command('backup', '--copy', backup)).toMatchObject({ code: 0 });
}, 60_000);

afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await rm(work, { recursive: true, force: true });
});

function message(number: number, bytes = 400): string {
  return `From: a@example.net\nSubject: number ${number}\nMessage-ID: <${number}@x>\n\n${'text '.repeat(bytes / 5)}\n`;
}

function listing(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .sort()
    .map((name) => {
      const found = lstatSync(join(directory, name));
      const bytes = found.isFile() ? readFileSync(join(directory, name)) : Buffer.alloc(0);
      return `${name} ${found.mtimeMs} ${createHash('sha256').update(bytes).digest('hex')}`;
    });
}

/** @returns the reply to DATA, and milliseconds */
async function deliver(to: TestServer, text = message(1)): Promise<{ reply: string; ms: number }> {
  using client = await SmtpTestClient.connect(to.ports.smtp);
  await client.reply();
  const started = performance.now();
  await client.ask('EHLO peer.example');
  await client.ask('MAIL FROM:<a@example.net>');
  await client.ask('RCPT TO:<me@example.org>');
  await client.ask('DATA');
  client.send(`${text.replaceAll('\n', '\r\n')}.\r\n`);
  return { reply: await client.reply(), ms: performance.now() - started };
}

/** A copy of the backup that a test may damage. */
function copied(name: string): string {
  cpSync(backup, at(name), { recursive: true });
  for (const entry of readdirSync(at(name), { recursive: true, encoding: 'utf8' })) {
    const path = join(at(name), entry);
    chmodSync(path, statSync(path).isDirectory() ? 0o700 : 0o600);
  }
  return at(name);
}

/** A server with some megabytes to copy, slowly, so that things can happen meanwhile. */
async function slowBackup(name: string, meanwhile: () => Promise<void>) {
  const taking = server.command('backup', '--copy', '--bandwidth', '300K', '--json', at(name));
  while (!existsSync(at(`${name}.incomplete`))) await wait(10);
  await meanwhile();
  expect(existsSync(at(name)), 'the backup was over too soon for the test to mean anything').toBe(false);
  return await taking;
}

describe('of what other backups fall short in', { timeout: 90_000 }, () => {
  it('1. a junk filter that has no files yet is not made by the backup, and the restored server takes mail', async () => {
    const files = [...listing(backup), ...listing(server.dataDirectory)];
    expect(files.filter((line) => line.includes('junkfilter'))).toEqual([]);
    await using restored = await serveRestored(backup, at('one'));
    expect((await deliver(restored)).reply).toMatch(/^250 /);
  });

  it('2. a restored server can be backed up like any other', async () => {
    await using restored = await serveRestored(backup, at('two'));
    expect(await restored.command('backup', at('again'))).toMatchObject({ code: 0, stderr: '' });
    expect(await runCommand(['verifydata', at('again')])).toMatchObject({ code: 0, stderr: '' });
  });

  it('3. a destination inside the data directory is refused', async () => {
    for (const path of ['backup', 'accounts/backup', 'accounts/me/msg/backup']) {
      const run = await server.command('backup', join(server.dataDirectory, path));
      expect(run).toMatchObject({ code: 1, stderr: expect.stringContaining('it is inside the data directory') });
      expect(existsSync(join(server.dataDirectory, path))).toBe(false);
    }
  });

  it('4. whatever byte or file is damaged, the proof finds it', async () => {
    const damages: [string, (directory: string) => void][] = [
      ['data/accounts/me/msg/0/3', (path) => writeFileSync(path, readFileSync(path).fill(65, 20, 21))],
      ['data/accounts/me/index.db', (path) => writeFileSync(path, readFileSync(path).fill(1, 9000, 9002))],
      ['data/receivedid.key', (path) => rmSync(path)],
      ['config/domains.yaml', (path) => rmSync(path)],
      [
        'manifest.jsonl',
        (path) => writeFileSync(path, readFileSync(path, 'utf8').replace('"pauseMs":', '"pauseMs":1')),
      ],
    ];
    for (const [name, damage] of damages) {
      const directory = copied(`four-${name.replaceAll('/', '-')}`);
      damage(join(directory, name));
      expect((await runCommand(['verifydata', directory])).code, name).toBe(1);
    }
  });

  it('5. everything is flushed before the backup gets its name', async () => {
    const directory = at('five');
    mkdirSync(directory);
    const ports = { smtp: 0, submission: 0, submissions: 0, imap: 0, imaps: 0, metrics: 0 };
    const configPath = await makeTestConfig({ directory, accounts: ['me'], ports });
    await using driver = await FaultDriver.start(directory, configPath);
    const destination = join(directory, 'out');
    const request = { work: 'backup', destination, messageFiles: 'copy' } as const;
    const fault = { prefix: destination, calls: 'writes', lasting: false } as const;
    const { calls } = await driver.run(request, { ...fault, kind: 'count', at: 0 });
    const order: string[] = [];
    for (let last = calls; last > 0 && !order.includes('syncfs'); last--) {
      rmSync(destination, { recursive: true, force: true });
      const { answer, call } = await driver.run(request, { ...fault, kind: 'EIO', at: last });
      order.unshift(call);
      // Whatever can't be flushed keeps the backup from being called one.
      expect(answer?.result?.complete ?? false, call).toBe(false);
      expect(existsSync(destination), call).toBe(false);
    }
    expect(order).toEqual(['syncfs', 'write', 'write', 'fsync', 'rename'].slice(-order.length));
    expect(order[0]).toBe('syncfs');
  });

  it('6. a full disk leaves nothing that looks like a backup', async () => {
    const directory = at('six');
    mkdirSync(directory);
    const ports = { smtp: 0, submission: 0, submissions: 0, imap: 0, imaps: 0, metrics: 0 };
    const configPath = await makeTestConfig({ directory, accounts: ['me'], ports });
    await using driver = await FaultDriver.start(directory, configPath);
    const destination = join(directory, 'out');
    const request = { work: 'backup', destination, messageFiles: 'copy' } as const;
    const fault = { kind: 'short', prefix: destination, calls: 'writes', lasting: true } as const;
    for (const place of [8, 12, 16]) {
      const { answer, hits } = await driver.run(request, { ...fault, at: place });
      expect(hits).toBeGreaterThan(0);
      expect(answer?.result?.complete ?? false).toBe(false);
      expect(existsSync(destination)).toBe(false);
    }
    expect((await runCommand(['backup', 'clean', directory])).code).toBe(0);
    expect(readdirSync(directory).filter((name) => name.startsWith('out'))).toEqual([]);
  });

  it('7. that a linked backup shares its bytes is said, and a copy does not', async () => {
    const linked = await server.command('backup', at('seven'));
    expect(linked.stdout).toMatch(/\d+ message files share their bytes with the data directory/);
    expect(readFileSync(join(at('seven'), 'manifest.jsonl'), 'utf8')).toContain('"messageFiles":"linked"');
    const inode = (directory: string): number => statSync(join(directory, 'accounts', 'me', 'msg', '0', '2')).ino;
    expect(inode(join(at('seven'), 'data'))).toBe(inode(server.dataDirectory));
    expect(inode(join(backup, 'data'))).not.toBe(inode(server.dataDirectory));
  });

  it('8. an existing destination is refused in one line, and stays as it is', async () => {
    mkdirSync(at('eight'));
    writeFileSync(join(at('eight'), 'mine'), 'mine');
    const run = await server.command('backup', at('eight'));
    expect(run).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/^restante: .*it exists and is not empty\n/),
    });
    expect(readdirSync(at('eight'))).toEqual(['mine']);
  });

  it('9. mail is delivered while a junk filter is copied', async () => {
    const path = join(server.dataDirectory, 'accounts', 'me', 'junkfilter.db');
    await makeJunkFilter(server.dataDirectory, 'me');
    const filter = new SqliteDatabase(path);
    filter.exec(`WITH RECURSIVE numbers (number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM numbers LIMIT 100000)
      INSERT OR IGNORE INTO words SELECT number, 1, 1 FROM numbers`);
    filter.close();
    const taken = await slowBackup('nine', async () => {
      for (let number = 0; number < 5; number++) {
        const { reply, ms } = await deliver(server);
        expect(reply).toMatch(/^250 /);
        expect(ms).toBeLessThan(2000);
      }
    });
    expect(resultOf(taken)).toMatchObject({ complete: true });
    for (const kind of ['db', 'bloom']) rmSync(path.replace(/db$/, kind));
  });

  it('10. all is of one moment: no message in two places, or in none', async () => {
    await using load = await BackupLoad.start();
    await load.until(20);
    const before = load.acknowledged();
    const path = join(load.server.directory, 'backup');
    const taken = await load.server.command('backup', path, '--json');
    expect(taken).toMatchObject({ code: 0 });
    expect(resultOf(taken)).toMatchObject({ complete: true, path, errors: [] });
    await load.until(before.pairs.size);
    await load.stop();
    await checkBackup(path, before);
  });

  it('11. a restored queue sends nothing again by itself, and says what it holds', async () => {
    const run = await runCommand(['restore', backup, join(at('eleven'), 'data')]);
    expect(run.stdout).toContain('1 recipient in the queue is held, and may have been sent to already:');
    expect(run.stdout).toContain('to <far@remote.example>');
    const queue = await runCommand([
      'queue',
      'list',
      '--json',
      '--config',
      join(at('eleven'), 'config', 'restante.yaml'),
    ]);
    expect(JSON.parse(queue.stdout)).toMatchObject({ recipient: 'far@remote.example', held: true });
  });

  it('12. a message that is expunged meanwhile is in the backup, which does not fail', async () => {
    const taken = await slowBackup('twelve', async () => {
      using client = await ImapTestClient.login(server.ports.imap, 'me@example.org');
      await client.ok('SELECT INBOX');
      await client.ok('UID STORE 1:5 +FLAGS (\\Deleted)');
      await client.ok('EXPUNGE');
    });
    expect(resultOf(taken)).toMatchObject({ complete: true, errors: [] });
    const proven = await runCommand(['verifydata', at('twelve')]);
    expect(proven, proven.stderr).toMatchObject({ code: 0 });
    const listed = await runCommand([
      'restore',
      at('twelve'),
      '--list',
      '--account',
      'me',
      '--mailbox',
      'INBOX',
      '--json',
    ]);
    const uids = listed.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).uid);
    expect(uids).toEqual(expect.arrayContaining([1, 2, 3, 4, 5]));
  });

  it('13. a second backup takes no room for mail that the first one has, and there is a schedule', async () => {
    const [first, second] = [at('thirteen-1'), at('thirteen-2')];
    for (const path of [first, second]) expect((await server.command('backup', path)).code).toBe(0);
    const messages = readdirSync(join(second, 'data'), { recursive: true, encoding: 'utf8' }).filter((name) =>
      /msg\/\d+\/\d+$/.test(name),
    );
    expect(messages.length).toBeGreaterThan(5);
    for (const name of messages) {
      expect(statSync(join(second, 'data', name)).ino).toBe(statSync(join(first, 'data', name)).ino);
    }
    expect((await server.command('backup', 'schedule', '--to', work)).stdout).toContain('OnCalendar=');
  });

  it('14. what is copied can be held to a number of bytes a second, and is told with totals', async () => {
    const taken = await slowBackup('fourteen', async () => {});
    const events = taken.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    const { bytes, durationMs, linked } = events.at(-1);
    expect(linked).toBe(0);
    expect(bytes / (durationMs / 1000)).toBeLessThan(450_000);
    const told = events.filter(({ event }) => event === 'progress');
    expect(told.length).toBeGreaterThan(1);
    expect(told.at(-1)).toMatchObject({ totalBytes: expect.any(Number), total: expect.any(Number) });
    expect(told.some(({ secondsLeft }) => secondsLeft !== undefined)).toBe(true);
  });

  it('15. a long copy keeps no writer waiting', async () => {
    const taken = await slowBackup('fifteen', async () => {
      using client = await ImapTestClient.login(server.ports.imap, 'you@example.org');
      for (let number = 0; number < 10; number++) {
        const started = performance.now();
        await client.append('INBOX', message(number));
        expect(performance.now() - started).toBeLessThan(2000);
      }
    });
    expect(resultOf(taken).pauseMs).toBeLessThan(500);
    expect(resultOf(taken).durationMs).toBeGreaterThan(1000);
  });

  it('16. junk filters are taken whether they are used or not, and nothing is left out silently', async () => {
    const account = join(server.dataDirectory, 'accounts', 'gone');
    await makeJunkFilter(server.dataDirectory, 'gone');
    writeFileSync(join(server.dataDirectory, 'new.db'), 'unknown');
    const taken = await server.command('backup', at('sixteen'));
    expect(taken.code).toBe(0);
    expect(taken.stderr).toContain('account "gone" is on disk and not in the configuration');
    expect(taken.stderr).toContain('path=new.db');
    for (const name of ['accounts/gone/junkfilter.db', 'accounts/gone/junkfilter.bloom', 'new.db']) {
      expect(existsSync(join(at('sixteen'), 'data', name)), name).toBe(true);
    }
    rmSync(account, { recursive: true });
    rmSync(join(server.dataDirectory, 'new.db'));
  });

  it('17. an interrupted backup is called incomplete, and no command takes it for one', async () => {
    const directory = at('seventeen');
    mkdirSync(directory);
    cpSync(join(server.directory, 'config'), join(directory, 'config'), { recursive: true });
    cpSync(join(backup, 'data'), join(directory, 'data'), { recursive: true });
    const config = join(directory, 'config', 'restante.yaml');
    const destination = join(directory, 'out');
    const child = spawn(
      process.execPath,
      [launcher, 'backup', '--copy', '--bandwidth', '50K', destination, '--config', config],
      { stdio: 'ignore' },
    );
    const ended = new Promise((resolve) => child.once('exit', resolve));
    while (!existsSync(join(`${destination}.incomplete`, 'data'))) await wait(10);
    child.kill('SIGKILL');
    await ended;
    expect(existsSync(destination)).toBe(false);
    const proof = await runCommand(['verifydata', `${destination}.incomplete`]);
    expect(proof).toMatchObject({ code: 1, stderr: expect.stringMatching(/was not completed|ends early/) });
    const restore = await runCommand(['restore', `${destination}.incomplete`, join(directory, 'restored', 'data')]);
    expect(restore.code).toBe(1);
    expect(existsSync(join(directory, 'restored'))).toBe(false);
    expect((await runCommand(['backup', destination, '--config', config])).stderr).toContain(
      'removing an interrupted backup',
    );
  });

  it('18. it works with the server stopped, can be cancelled, and two at once are no danger', async () => {
    const first = server.command('backup', '--copy', '--bandwidth', '200K', at('eighteen'));
    while (!existsSync(at('eighteen.incomplete'))) await wait(10);
    expect(await server.command('backup', at('eighteen-2'))).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('another one is running'),
    });
    expect((await first).code).toBe(0);
    const child = spawn(
      process.execPath,
      [launcher, 'backup', '--copy', '--bandwidth', '50K', at('cancelled'), '--config', server.configPath],
      { stdio: 'ignore' },
    );
    const ended = new Promise((resolve) => child.once('exit', resolve));
    while (!existsSync(at('cancelled.incomplete'))) await wait(10);
    child.kill('SIGINT');
    expect(await ended).toBe(130);
    for (let tries = 0; existsSync(at('cancelled.incomplete')) && tries < 200; tries++) await wait(20);
    expect(readdirSync(work).filter((name) => name.startsWith('cancelled'))).toEqual([]);
    await server.stop();
    expect((await server.command('backup', at('offline'))).code).toBe(0);
    server = await startTestServer({ directory: server.directory, ports: server.ports });
  });

  it('19. a restore is a command, down to one message, and doing it twice gives out no UIDVALIDITY again', async () => {
    const values = new Set<number>();
    for (const round of [1, 2]) {
      await using restored = await serveRestored(backup, at(`nineteen-${round}`));
      using client = await ImapTestClient.login(restored.ports.imap, 'me@example.org');
      await client.ok('CREATE New');
      const [line] = await client.ok('STATUS New (UIDVALIDITY)');
      values.add(Number(/UIDVALIDITY (\d+)/.exec(line!)?.[1]));
    }
    expect(values.size).toBe(2);
    using client = await ImapTestClient.login(server.ports.imap, 'me@example.org');
    await client.ok('SELECT INBOX');
    await client.ok('UID STORE 7 +FLAGS (\\Deleted)');
    await client.ok('EXPUNGE');
    const run = await server.command('restore', backup, '--account', 'me', '--message-id', '<6@x>', '--json');
    expect(resultOf(run)).toMatchObject({ restored: 1 });
  });

  it('20. the proof changes nothing, and compares with what was written down', async () => {
    const directory = copied('twenty');
    const before = listing(directory);
    expect((await runCommand(['verifydata', '--full', directory])).code).toBe(0);
    expect(listing(directory)).toEqual(before);
    // A database that is sound, but not the one that was backed up.
    const database = new SqliteDatabase(join(directory, 'data', 'accounts', 'me', 'index.db'));
    database.exec("UPDATE credentials SET argon2id = 'x'");
    database.close();
    const run = await runCommand(['verifydata', directory]);
    expect(run).toMatchObject({ code: 1, stderr: expect.stringContaining('data/accounts/me/index.db') });
  });
});
