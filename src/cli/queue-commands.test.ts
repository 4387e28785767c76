import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openOffline } from '../main.ts';

const launcher = fileURLToPath(new URL('../../bin/restante.js', import.meta.url));
let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'restante-queue-cli-'));
  await writeFile(
    join(directory, 'restante.yaml'),
    'dataDirectory: data\nhostname: mail.example.org\npostmaster: { account: me }\nlisteners: {}\n',
  );
  await writeFile(
    join(directory, 'domains.yaml'),
    'domains:\n  example.org:\naccounts:\n  me:\n    domain: example.org\n    addresses:\n      me@example.org:\n',
  );
});

afterEach(async () => {
  await rm(directory, { recursive: true });
});

async function restante(line: string): Promise<{ code: number | null; out: string; err: string }> {
  const child = spawn(process.execPath, [launcher, ...line.split(' ')], {
    cwd: directory,
    env: { PATH: process.env.PATH, HOME: directory, RESTANTE_CONF: join(directory, 'restante.yaml') },
  });
  child.stdin.end();
  const closed = new Promise<number | null>((resolve) => child.on('close', resolve));
  const [out, err, code] = await Promise.all([text(child.stdout), text(child.stderr), closed]);
  return { code, out, err };
}

/** Puts a message into the queue of the server that doesn't run. */
async function submit(...recipients: string[]): Promise<void> {
  await using offline = await openOffline({ staticConfigPath: join(directory, 'restante.yaml') });
  await offline.submit({
    sender: 'me@example.org',
    recipients,
    recipientsFromHeader: false,
    fullName: undefined,
    content: Readable.from([
      Buffer.from('From: me@example.org\nSubject: Hello\nMessage-ID: <a@example.org>\n\nText\n'),
    ]),
    signal: new AbortController().signal,
  });
}

describe('commands for the queue, without a server', () => {
  it('add, list and remove hold rules', { timeout: 60_000 }, async () => {
    expect(await restante('queue holdrules add')).toMatchObject({
      code: 2,
      err: expect.stringContaining('it needs an account or a domain, or --all alone'),
    });
    await submit('you@elsewhere.example');
    expect((await restante('queue holdrules add --recipient-domain elsewhere.example')).out).toBe(
      'rule 1; 1 held now\n',
    );
    expect((await restante('queue holdrules list')).out).toMatch(/^ID .*\n1 +any +any +elsewhere\.example\n$/);
    expect((await restante('queue list')).out).toContain(' held ');
    expect((await restante('queue holdrules remove 1')).out).toBe('1 removed\n');
    expect((await restante('queue holdrules list')).out).toBe('There are no rules.\n');
  });

  it('list what became of messages', { timeout: 60_000 }, async () => {
    await submit('one@elsewhere.example', 'two@elsewhere.example');
    expect((await restante('queue retired list')).out).toBe('Nothing is known.\n');
    expect((await restante('queue drop --recipient one@elsewhere.example')).out).toBe('1 dropped\n');
    expect((await restante('queue retired list --since 1h')).out).toMatch(
      /^ENDED .*\n\S+ \S+ +dropped +0 +me@example\.org +one@elsewhere\.example +Hello.*\n$/,
    );
    const { out } = await restante('queue retired list --json --message-id <a@example.org> --end dropped');
    expect(JSON.parse(out)).toMatchObject({ recipient: 'one@elsewhere.example', account: 'me', end: 'dropped' });
    expect((await restante('queue retired list --json --since 2100-01-01T00:00Z')).out).toBe('');
  });

  it('suppress addresses, show them, and let mail go to them again', { timeout: 60_000 }, async () => {
    expect(await restante('queue suppress add nobody you@elsewhere.example')).toMatchObject({
      code: 1,
      err: expect.stringContaining('Cannot use account "nobody"'),
    });
    expect((await restante('queue suppress add me You+x@elsewhere.example --reason asked')).out).toBe('suppressed\n');
    expect((await restante('queue suppress list me')).out).toMatch(
      /^ACCOUNT .*\nme +you@elsewhere\.example +\S+ +hand +asked\n$/,
    );
    const { out } = await restante('queue suppress lookup YOU@elsewhere.example --json');
    expect(JSON.parse(out)).toMatchObject({ account: 'me', address: 'You+x@elsewhere.example', byHand: true });
    expect((await restante('queue suppress remove me you@elsewhere.example')).out).toBe('1 removed\n');
    expect((await restante('queue suppress list')).out).toBe('No address is suppressed.\n');
  });

  it('show, schedule and cancel webhooks', { timeout: 60_000 }, async () => {
    await writeFile(
      join(directory, 'domains.yaml'),
      'domains:\n  example.org:\naccounts:\n  me:\n    domain: example.org\n    addresses:\n      me@example.org:\n    outgoingWebhook: { url: "https://hook.example/?key=12345" }\n',
    );
    await submit('you@elsewhere.example');
    expect((await restante('queue drop --all')).out).toBe('1 dropped\n');
    const { out } = await restante('queue webhooks list');
    expect(out).toMatch(/^ID .*\n1 +me +canceled +\S+ \S+ +\S+ \S+ +0 *\n$/);
    expect(out).not.toContain('12345');
    expect((await restante('queue webhooks schedule 1 --at 2100-01-01T00:00Z')).out).toBe('1 scheduled\n');
    expect((await restante('queue webhooks list --account me --json')).out).toContain('"nextAttemptAt":4102444800000');
    expect(await restante('queue webhooks cancel')).toMatchObject({ code: 2 });
    expect((await restante('queue webhooks cancel --all')).out).toBe('1 canceled\n');
    expect((await restante('queue webhooks retired')).out).toMatch(/\n1 +me +canceled +\S+ \S+ +canceled +0 *\n$/);
  });
});
