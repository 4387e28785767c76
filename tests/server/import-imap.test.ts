import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ImapFlow } from 'imapflow';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { FakeSource, fakeMessage } from '../../src/imap-import/fake-source-fixture.ts';
import {
  type CommandResult,
  launcher,
  resultOf,
  runCommand,
  startTestServer,
  type TestServer,
} from '../harness/start-test-server.ts';

let server: TestServer;
let source: FakeSource;
let directory: string;

beforeAll(async () => {
  server = await startTestServer({ accounts: ['me', 'you', 'they', 'from', 'to'] });
  directory = await mkdtemp(join(tmpdir(), 'restante-import-'));
});

beforeEach(async () => {
  const messages = Array.from({ length: 300 }, (_, at) => fakeMessage(at + 1, `m${at + 1}`));
  source = await FakeSource.start([{ name: 'INBOX', messages }]);
  return async () => {
    await source[Symbol.asyncDispose]();
  };
});

afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await rm(directory, { recursive: true, force: true });
});

const argsOf = (account: string, more: readonly string[]): string[] => [
  ...['import', 'imap', account, '--config', server.configPath, '--host', '127.0.0.1', '--port', String(source.port)],
  ...['--user', 'login', '--tls', 'none', ...more],
];

const run = (account: string, more: readonly string[] = [], input = ''): Promise<CommandResult> =>
  runCommand(argsOf(account, more), input);

async function counters(): Promise<{ added: number; failed: number }> {
  const text = await (await fetch(`http://127.0.0.1:${server.ports.metrics}/metrics`)).text();
  const value = (name: string): number =>
    Number(
      text
        .split('\n')
        .find((line) => line.startsWith(name))
        ?.split(' ')[1] ?? 0,
    );
  return {
    added: value('restante_import_messages_total{outcome="added"}'),
    failed: value('restante_import_runs_total{outcome="failed"}'),
  };
}

describe('restante import imap', () => {
  it('takes the password from standard input, a file or a command, and shows it to nobody', async () => {
    const file = join(directory, 'password');
    await writeFile(file, 'pass word\nsecond line\n');
    const ways: [string[], string][] = [
      [[], 'pass word\n'],
      [['--password-file', file], ''],
      [['--password-command', `head -1 '${file}'`], ''],
    ];
    for (const [options, input] of ways) {
      source.commands.length = 0;
      const { code, stdout, stderr } = await run('me', ['--dry-run', '--verbose', ...options], input);
      expect(code, stderr).toBe(0);
      expect(source.commands[0]).toBe('LOGIN "login" "pass word"');
      expect(stdout + stderr).not.toContain('pass word');
      expect(stderr).toContain('warning: nothing is encrypted');
    }
  });

  it.each([
    [['--tls', 'maybe'], 'Cannot use TLS "maybe"'],
    [['--port', '0'], 'Cannot use port "0"'],
    [['--auth', 'magic'], 'Cannot log in by "magic"'],
    [['--map', 'nothing'], 'Cannot map "nothing"'],
    [['--fingerprint', 'ab', '--tls', 'implicit'], 'Cannot use fingerprint "ab"'],
    [['--fingerprint', 'ab'.repeat(32)], 'Cannot check a certificate without TLS'],
    [['--password-file', '/nowhere/at/all'], 'Cannot read the password from "/nowhere/at/all"'],
    [['--password-command', 'echo no >&2; exit 3'], 'the command ended with 3: no'],
    [['--password-file', 'a', '--password-command', 'b'], 'Cannot take both'],
    [[], 'has no password'],
  ])('refuses %j', async (more, message) => {
    const { code, stderr } = await run('me', more);
    expect(stderr).toContain(message);
    expect(code).toBe(2);
    expect(source.connections).toBe(0);
  });

  it('says what is wrong with the source, in one line', async () => {
    source.intercept = async ({ text, tag, send }) => {
      if (!text.startsWith('LOGIN')) return false;
      await send(`${tag} NO [AUTHENTICATIONFAILED] wrong\r\n`);
      return true;
    };
    const { code, stderr } = await run('me', [], 'x\n');
    expect(code).toBe(1);
    expect(stderr).toContain(
      'restante: Cannot log in to the IMAP server "127.0.0.1": the server answered NO [AUTHENTICATIONFAILED] wrong\n',
    );
  });

  it('is stopped by Ctrl-C, goes on without the server, and then with it', async () => {
    const command = spawn(process.execPath, [launcher, ...argsOf('you', ['--json'])], {
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    command.stdin.end('x\n');
    // The second hundred never comes.
    source.intercept = async ({ text }) => {
      if (!text.startsWith('UID FETCH 101:200')) return false;
      command.kill('SIGINT');
      return true;
    };
    const code = await new Promise((resolve) => command.once('exit', resolve));
    expect(code).toBe(130);
    source.intercept = () => false;
    await server.stop();
    const offline = await run('you', ['--json'], 'x\n');
    expect(offline.code, offline.stderr).toBe(0);
    const { imported, alreadyThere } = resultOf(offline);
    expect(imported + alreadyThere).toBe(300);
    expect(imported).toBeGreaterThanOrEqual(200);
    server = await startTestServer({ directory: server.directory, ports: server.ports });
    const again = await run('you', [], 'x\n');
    expect(again.stdout).toBe(
      `INBOX -> Inbox: 0 imported, 300 already there\nyou: 0 messages imported (0 B), 300 already there, 0 skipped, from login@127.0.0.1:${source.port}\n`,
    );
  });

  it('brings an account of another Restante as it is', async () => {
    const there = { host: '127.0.0.1', port: server.ports.imap, secure: false, logger: false as const };
    const tls = { rejectUnauthorized: false };
    const from = new ImapFlow({ ...there, tls, auth: { user: 'from@example.org', pass: 'secret' } });
    await from.connect();
    const names = ['Käse & Brot/ぽすと', 'a.b_c', '&', 'x'.repeat(300), `${'я'.repeat(240)}/${'я'.repeat(240)}`];
    for (const [at, name] of names.entries()) {
      await from.mailboxCreate(name);
      const subject = at % 2 === 0 ? 'plain' : 'Grüße';
      await from.append(name, `Subject: ${subject}\r\n\r\n${at}\r\n`, ['\\Seen', 'Word'], new Date(1e12 + at * 1e7));
    }
    await from.logout();
    const options = ['--user', 'from@example.org', '--port', String(server.ports.imap)];
    const { code, stderr, stdout } = await run('to', options, 'secret\n');
    expect(code, stderr + stdout).toBe(0);
    const state = async (user: string) => {
      const client = new ImapFlow({ ...there, tls, auth: { user, pass: 'secret' } });
      await client.connect();
      const found: string[] = [];
      for (const { path, specialUse, subscribed } of await client.list()) {
        const { exists } = await client.mailboxOpen(path, { readOnly: true });
        found.push(`${path} ${specialUse} ${subscribed} ${exists}`);
        if (exists === 0) continue;
        const items = { source: true, flags: true, internalDate: true };
        for (const { source, flags, internalDate } of await client.fetchAll('1:*', items)) {
          found.push(`${source} ${[...(flags ?? [])].sort()} ${internalDate}`);
        }
      }
      await client.logout();
      return found;
    };
    expect(await state('to@example.org')).toEqual(await state('from@example.org'));
  });

  it('asks the command for another token when the first has ended, and goes on', async () => {
    const before = await counters();
    const secrets: string[] = [];
    let isOver = false;
    source.intercept = async ({ text, tag, send, close }) => {
      if (text.startsWith('LOGIN')) {
        const secret = /"([^"]*)"$/.exec(text)![1]!;
        if (secrets.at(-1) !== secret) secrets.push(secret);
        if (!isOver || secrets.length > 1) return false;
        await send(`${tag} NO [AUTHENTICATIONFAILED] over\r\n`);
        return true;
      }
      if (!text.startsWith('UID FETCH 101:200') || isOver) return false;
      isOver = true;
      close();
      return true;
    };
    const { code, stdout, stderr } = await run('they', ['--json', '--password-command', 'date +%s%N']);
    expect(code, stderr).toBe(0);
    expect(secrets).toHaveLength(2);
    const { imported, alreadyThere } = resultOf({ code, stdout, stderr });
    expect(imported + alreadyThere).toBe(300);
    expect(await counters()).toEqual({ added: before.added + 300, failed: before.failed + 1 });
  });
});
