import { spawn } from 'node:child_process';
import { lstatSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import SqliteDatabase from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ImapTestClient } from '../harness/imap-client.ts';
import { makeJunkFilter } from '../harness/make-junk-filter.ts';
import { launcher, resultOf, runCommand, startTestServer, type TestServer } from '../harness/start-test-server.ts';

let server: TestServer;
let backups: string;

beforeAll(async () => {
  server = await startTestServer({ accounts: ['me', 'you'] });
  backups = await mkdtemp(join(tmpdir(), 'restante-backups-'));
  for (const account of ['me', 'you']) {
    using client = await ImapTestClient.login(server.ports.imap, `${account}@example.org`);
    for (let at = 0; at < 5; at++) await client.append('INBOX', `Subject: ${at}\n\n${'text '.repeat(50)}\n`);
  }
}, 60_000);

afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await rm(backups, { recursive: true, force: true });
});

function eventsOf(stdout: string): Record<string, unknown>[] {
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

async function manifestOf(backup: string): Promise<Record<string, unknown>[]> {
  return eventsOf(await readFile(join(backup, 'manifest.jsonl'), 'utf8'));
}

describe('restante backup', () => {
  it('prints one line when all is well, and what it does with --verbose', async () => {
    const quiet = await server.command('backup', join(backups, 'quiet'));
    expect(quiet).toMatchObject({ code: 0, stderr: '' });
    expect(quiet.stdout).toMatch(/quiet: complete, \d+ files, .*, as of .*, 10 message files share their bytes/);
    const verbose = await server.command('backup', join(backups, 'verbose'), '--verbose', '--copy');
    expect(verbose.code).toBe(0);
    expect(verbose.stdout).not.toContain('share');
    for (const text of [
      'snapshot taken; instant=',
      'database copied; path=accounts/me/index.db; sizeBytes=',
      'queue backed up; files=',
    ]) {
      expect(verbose.stderr).toContain(text);
    }
    expect(verbose.stderr).toMatch(/accounts backed up; files=12; linked=0; copied=10; durationMs=\d+/);
  });

  it('prints events with --json, the last of which is the result', async () => {
    const taken = await server.command('backup', join(backups, 'json'), '--json', '--copy');
    const events = eventsOf(taken.stdout);
    expect(events.at(-1)).toMatchObject({ event: 'result', complete: true, copied: 10, accounts: 2, errorCount: 0 });
    expect(events.find(({ event }) => event === 'progress')).toMatchObject({ total: 10, unit: 'files' });
    expect(events.find(({ event }) => event === 'progress')?.totalBytes).toBeGreaterThan(0);
    const counts = (await manifestOf(join(backups, 'json'))).filter((line) => 'counts' in line);
    expect(counts).toMatchObject([
      { counts: 'me', messages: 5 },
      { counts: 'you', messages: 5 },
    ]);
    expect(counts[0]?.mailboxes).toContainEqual(expect.objectContaining({ mailbox: 'Inbox', messages: 5 }));
  });

  it('takes a relative path from where the command is run', async () => {
    const child = spawn(process.execPath, [launcher, 'backup', 'relative', '--config', server.configPath], {
      cwd: backups,
    });
    expect(await new Promise((resolve) => child.once('exit', resolve))).toBe(0);
    expect(await server.command('verifydata', join(backups, 'relative'))).toMatchObject({ code: 0 });
  });

  it('names whatever is odd, and takes all that can be taken', { timeout: 60_000 }, async () => {
    const { dataDirectory } = server;
    const account = join(dataDirectory, 'accounts', 'gone');
    mkdirSync(join(account, 'msg'), { recursive: true });
    // A junk filter of an account that is not configured, in use by somebody with a log of its own.
    await makeJunkFilter(dataDirectory, 'gone');
    const filter = new SqliteDatabase(join(account, 'junkfilter.db'));
    filter.exec('PRAGMA journal_mode = WAL; UPDATE filter SET learned_modseq = 77');
    const bloom = await readFile(join(account, 'junkfilter.bloom'));
    writeFileSync(join(dataDirectory, 'accounts', 'me', 'msg', '0', '0'), 'of no message');
    writeFileSync(join(dataDirectory, 'accounts', 'me', 'msg', '0', 'notes'), 'mine');
    symlinkSync('/etc/passwd', join(dataDirectory, 'passwd'));
    const taken = await server.command('backup', join(backups, 'odd'), '--json');
    expect(taken.code).toBe(0);
    const warnings = eventsOf(taken.stdout).filter(({ event }) => event === 'warning');
    expect(warnings.map(({ message, path }) => `${path}: ${message}`).sort()).toEqual([
      'accounts/gone: account "gone" is on disk and not in the configuration',
      'accounts/me/msg/0/0: a message file that belongs to no message is copied as it is; it should be moved away',
      'accounts/me/msg/0/notes: a file that Restante does not know is copied as it is; it should be moved away',
      'passwd: not backed up: it is a link, socket, pipe or device',
    ]);
    expect(resultOf(taken)).toMatchObject({ complete: true, warningCount: 4, unrecognised: 2 });
    const data = join(backups, 'odd', 'data');
    const copy = new SqliteDatabase(join(data, 'accounts/gone/junkfilter.db'), { readonly: true });
    expect(copy.prepare('SELECT learned_modseq FROM filter').pluck().all()).toEqual([77]);
    copy.close();
    filter.close();
    expect(await readFile(join(data, 'accounts/gone/junkfilter.bloom'))).toEqual(bloom);
    expect(() => lstatSync(join(data, 'passwd'))).toThrow('ENOENT');
    expect(statSync(join(backups, 'odd', 'data', 'receivedid.key')).mode & 0o777).toBe(0o600);
    for (const path of ['accounts/gone', 'accounts/me/msg/0/0', 'accounts/me/msg/0/notes', 'passwd']) {
      await rm(join(dataDirectory, path), { recursive: true });
    }
  });

  it('waits for another one, or says that there is one', { timeout: 60_000 }, async () => {
    // Slow enough to be met: databases alone are some 200 kB.
    const first = server.command('backup', join(backups, 'first'), '--copy', '--bandwidth', '100K');
    while (!readdirSync(backups).includes('first.incomplete')) await new Promise((next) => setTimeout(next, 20));
    const refused = await server.command('backup', join(backups, 'second'));
    expect(refused).toMatchObject({ code: 1 });
    expect(refused.stderr).toContain('another one is running');
    expect(refused.stderr).toContain('--wait');
    const clean = await runCommand(['backup', 'clean', backups]);
    expect(clean.stdout).toContain('first.incomplete: kept, it is being made');
    const waited = await server.command('backup', join(backups, 'second'), '--wait');
    expect(waited).toMatchObject({ code: 0 });
    expect(await first).toMatchObject({ code: 0 });
  });

  it('cleans up after interrupted ones, and leaves all else alone', async () => {
    const places = join(backups, 'places');
    mkdirSync(join(places, 'a.incomplete', 'data'), { recursive: true });
    writeFileSync(join(places, 'a.incomplete', 'manifest.jsonl'), 'half');
    mkdirSync(join(places, 'b.incomplete'));
    writeFileSync(join(places, 'b.incomplete', 'photo.jpg'), '');
    await server.command('backup', join(places, 'good'));
    const dry = await runCommand(['backup', 'clean', places, '--dry-run']);
    expect(dry.stdout).toBe(
      `${places}/a.incomplete: would be removed, 1 file, 4 B\n${places}/b.incomplete: kept, it is no interrupted backup, 1 file, 0 B\n`,
    );
    expect(await runCommand(['backup', 'clean', places])).toMatchObject({ code: 0, stderr: '' });
    expect(readdirSync(places).sort()).toEqual(['b.incomplete', 'good']);
    expect(await runCommand(['backup', 'clean', join(places, 'good'), '--json'])).toMatchObject({
      code: 0,
      stdout: '[]\n',
    });
  });

  it('prints units for systemd that take a backup every day and prove it', async () => {
    const { code, stdout } = await server.command(
      'backup',
      'schedule',
      '--to',
      '/srv/my "backups"',
      '--at',
      '04:15',
      '--copy',
    );
    expect(code).toBe(0);
    expect(stdout).toContain('OnCalendar=*-*-* 04:15:00');
    const line = /^ExecStart=\/bin\/sh -c "(.*)"$/m.exec(stdout)?.[1] ?? '';
    const script = line.replaceAll('$$', '$').replaceAll('\\"', '"').replaceAll('\\\\', '\\').replaceAll('%%', '%');
    // What systemd would run, with the program replaced by one that shows its arguments.
    const shown = await new Promise<string>((resolve) => {
      const child = spawn('/bin/sh', ['-c', script.replaceAll('/usr/bin/env node', 'printf "<%s>"')]);
      let output = '';
      child.stdout.on('data', (chunk) => (output += chunk));
      child.on('close', () => resolve(output));
    });
    expect(shown).toMatch(
      /^<[^>]+restante\.js><--config><[^>]+restante\.yaml><backup><--wait><--copy><\/srv\/my "backups"\/\d{4}-\d\d-\d\dT\d{6}><[^>]+><--config><[^>]+><verifydata><\/srv\/my "backups"\/\d{4}-\d\d-\d\dT\d{6}>$/,
    );
  });

  it('tells monitoring the age of the last good one, also after a restart, and works on a stopped server', {
    timeout: 60_000,
  }, async () => {
    const metric = async (): Promise<number> => {
      const text = await (await fetch(`http://127.0.0.1:${server.ports.metrics}/metrics`)).text();
      return Number(/^restante_backup_last_success_timestamp_seconds (\S+)$/m.exec(text)?.[1]);
    };
    expect(Math.abs((await metric()) - Date.now() / 1000)).toBeLessThan(60);
    await server.stop();
    const offline = await server.command('backup', join(backups, 'offline'));
    expect(offline).toMatchObject({ code: 0, stderr: '' });
    expect(await runCommand(['verifydata', join(backups, 'offline')])).toMatchObject({ code: 0 });
    // The damage of one account keeps no other's mail from being taken, and what is left of it is taken too.
    const database = join(server.dataDirectory, 'accounts', 'you', 'index.db');
    const sound = readFileSync(database);
    writeFileSync(database, 'no database, but long enough to be taken for one'.repeat(100));
    const damaged = await server.command('backup', '--copy', '--json', join(backups, 'damaged'));
    expect(damaged.code).toBe(3);
    const result = resultOf(damaged);
    expect(result).toMatchObject({
      complete: false,
      errorCount: 1,
      copied: 5,
      path: join(backups, 'damaged.incomplete'),
    });
    expect(result.errors[0]).toContain('account "you" can\'t be read, and its files are copied as they are');
    expect(readdirSync(join(result.path, 'data', 'accounts', 'you', 'msg', '0'))).toHaveLength(5);
    expect((await runCommand(['backup', 'clean', backups])).stdout).toContain('damaged.incomplete: removed');
    writeFileSync(database, sound);
    server = await startTestServer({ directory: server.directory, ports: server.ports });
    const last = await metric();
    expect(Math.abs(last - Date.now() / 1000)).toBeLessThan(60);
    await server.stop();
  });
});
