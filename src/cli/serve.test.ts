import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { controlRequest } from '../control/control-client.ts';

const launcher = fileURLToPath(new URL('../../bin/restante.js', import.meta.url));

let directory: string;
let config: string;
let server: ChildProcess | undefined;
let ended: Promise<number | null>;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'restante-serve-'));
  config = join(directory, 'config', 'restante.yaml');
  await mkdir(join(directory, 'config'));
  await writeFile(
    config,
    `dataDirectory: ../data
hostname: localhost
localserve: true
postmaster: { account: me }
listeners:
  local:
    addresses: [127.0.0.1]
    smtp: { port: 0 }
`,
  );
  await writeFile(
    join(directory, 'config', 'domains.yaml'),
    'domains:\n  localhost:\naccounts:\n  me:\n    domain: localhost\n    addresses:\n      me@localhost:\n',
  );
});

afterEach(async () => {
  server?.kill('SIGKILL');
  await ended;
  server = undefined;
  await rm(directory, { recursive: true });
});

async function run(words: string[], input = ''): Promise<{ code: number | null; out: string; err: string }> {
  const child = spawn(process.execPath, [launcher, '--config', config, ...words], { cwd: directory });
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  const closed = new Promise<number | null>((resolve) => child.on('close', resolve));
  const [out, err, code] = await Promise.all([text(child.stdout), text(child.stderr), closed]);
  return { code, out, err };
}

async function start(): Promise<void> {
  const child = spawn(process.execPath, [launcher, '--config', config, 'serve'], { stdio: 'ignore' });
  server = child;
  ended = new Promise((resolve) => child.on('close', resolve));
  for (let tries = 0; ; tries++) {
    try {
      await controlRequest(join(directory, 'data', 'ctl'), 'status', {});
      return;
    } catch (error) {
      if (tries > 300) throw error;
      await setTimeout(50);
    }
  }
}

async function queueIsEmpty(): Promise<void> {
  while ((await run(['queue', 'list'])).out !== 'Nothing waits.\n') await setTimeout(50);
}

describe('commands and a running server', () => {
  it('send, import, export, back up, verify, stop and restore', { timeout: 120_000 }, async () => {
    await start();
    expect(await run(['serve'])).toMatchObject({ code: 4, err: expect.stringContaining('restante stop') });
    expect(await run(['setaccountpassword', 'me@localhost'], 'secret\n')).toEqual({ code: 0, out: '', err: '' });
    expect(await run(['setaccountpassword', 'nobody'], 'secret\n')).toMatchObject({
      code: 1,
      err: expect.stringContaining('Cannot use account "nobody"'),
    });
    expect(await run(['loglevels', 'debug', 'queue'])).toMatchObject({
      code: 0,
      out: 'PART          LEVEL\n(all others)  info\nqueue         debug\n',
    });

    expect(await run(['loginattempts', 'me'])).toEqual({ code: 0, out: 'Nobody has tried to log in.\n', err: '' });
    expect(await run(['loginattempts', 'nobody'])).toMatchObject({ code: 1 });

    const message = 'Subject: from a program\n\nhello\n.\nnot sent\n';
    expect(await run(['sendmail', '-f', 'me@localhost', 'anyone@example.org'], message)).toMatchObject({
      code: 0,
      err: '',
    });
    await queueIsEmpty();
    expect(await run(['export', 'maildir', 'me', join(directory, 'out')])).toMatchObject({ code: 0, err: '' });
    const [name] = await readdir(join(directory, 'out', 'cur'));
    const exported = await readFile(join(directory, 'out', 'cur', name), 'utf8');
    expect(exported).toContain('Subject: from a program\n');
    expect(exported).toMatch(/\n\nhello\n$/);

    const imported = await run(['import', 'maildir', 'me', join(directory, 'out'), '--mailbox', 'Old', '--json']);
    expect(JSON.parse(imported.out)).toMatchObject({ imported: 1, failed: 0 });
    const again = await run(['export', 'mbox', 'me', join(directory, 'mbox'), 'Old']);
    expect(again).toMatchObject({ code: 0, out: '1 message of 1 mailbox exported\n' });
    expect(await readFile(join(directory, 'mbox', 'Old.mbox'), 'utf8')).toContain(exported);

    expect(await run(['config', 'address', 'add', 'info@localhost', 'me'])).toMatchObject({ code: 0, err: '' });
    const backup = join(directory, 'backup');
    expect(await run(['backup', backup])).toMatchObject({ code: 0, out: expect.stringContaining('complete') });
    expect(await run(['verifydata', backup])).toMatchObject({ code: 0, out: expect.stringContaining('OK') });
    expect(await run(['verifydata', join(directory, 'data')])).toMatchObject({ code: 0 });

    expect(await run(['stop'])).toEqual({ code: 0, out: '', err: '' });
    expect(await run(['verifydata', join(directory, 'data')])).toMatchObject({ code: 0 });
    expect(await ended).toBe(0);
    expect(await run(['bumpuidvalidity', 'me', 'Old'])).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^Old: UIDVALIDITY \d+\n$/),
    });

    const restored = await run([
      'restore',
      backup,
      join(directory, 'data2'),
      '--config-dir',
      join(directory, 'config2'),
    ]);
    expect(restored).toMatchObject({ code: 0, out: expect.stringContaining('restored') });
    config = join(directory, 'config2', 'restante.yaml');
    expect(await run(['config', 'address', 'list'])).toMatchObject({ out: expect.stringContaining('info@localhost') });
    expect(await run(['export', 'mbox', 'me', join(directory, 'mbox2'), 'Old'])).toMatchObject({ code: 0 });
    expect(await readFile(join(directory, 'mbox2', 'Old.mbox'), 'utf8')).toContain(exported);
  });
});
