import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { ImapTestClient } from '../../harness/imap-client.ts';
import { choosePorts, startTestServer, type TestServer } from '../../harness/start-test-server.ts';
import { keyedMessage, keyOf, newKey, wrongBytes } from './keyed-message.ts';

/** Removed when the test has ended. */
export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'restante-kill-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** A server that may be killed and started again at the same place. */
export async function startKillable(directory: string, accounts = ['a0', 'a1']): Promise<() => Promise<TestServer>> {
  const ports = await choosePorts();
  let server: TestServer | undefined;
  onTestFinished(async () => await server?.kill());
  return async () => {
    server = await startTestServer({ directory, ports, accounts });
    return server;
  };
}

/** Keys in a mailbox of the account `a0`, in the order of UIDs, after their bytes were compared. */
export async function keysIn(server: TestServer, mailbox: string): Promise<string[]> {
  using client = await ImapTestClient.login(server.ports.imap, 'a0@example.org');
  const selected = await client.command(`SELECT ${mailbox}`);
  if (selected.tagged.startsWith('NO')) return [];
  const lines = await client.ok('UID FETCH 1:* (BODY.PEEK[])');
  return lines.flatMap((line) => {
    const literal = /\{(\d+)\}\r\n/.exec(line);
    if (literal === null) return [];
    const from = literal.index + literal[0].length;
    const text = line.slice(from, from + Number(literal[1]));
    const key = keyOf(text) ?? '';
    expect(wrongBytes(key, text)).toBeUndefined();
    return [key];
  });
}

/** Writes messages of 2 KiB and more. @returns their keys */
export async function writeMbox(path: string, messages = 300): Promise<string[]> {
  const keys = Array.from({ length: messages }, (_, at) => newKey('m', at, 2000 + at));
  const parts = keys.map((key) => {
    return `From me@example.org Mon Nov  2 10:00:00 2026\n${keyedMessage(key).replaceAll('\r\n', '\n')}\n`;
  });
  await writeFile(path, parts.join(''));
  return keys;
}
