import { existsSync } from 'node:fs';
import { mkdtemp, rename, rm, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeMail } from './make-mail.ts';
import { MbsyncClient } from './mbsync-client.ts';
import { openImap } from './read-mail.ts';
import { readServerState } from './server-state.ts';
import { type Localserve, me, ports, startLocalserve } from './start-localserve.ts';

let server: Localserve;
let directory: string;

/** mbsync marks what it copies by a field of its own. */
function withoutTuid(bytes: Buffer | undefined): string | undefined {
  return bytes?.toString().replace(/^X-TUID: .*\r?\n/m, '');
}

describe.each([
  { tls: 'None', port: ports.imap },
  { tls: 'STARTTLS', port: ports.imap },
  { tls: 'IMAPS', port: ports.imaps },
] as const)('mbsync with $tls', ({ tls, port }) => {
  beforeAll(async () => {
    server = await startLocalserve();
    directory = await mkdtemp(join(tmpdir(), 'restante-peers-'));
  });

  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    await rm(directory, { recursive: true, force: true });
  });

  it('makes both ends the same, and then changes nothing', async () => {
    const reader = { host: server.address, port: ports.imap, user: me.address, password: me.password };
    const { certificateFile } = server;
    const mbsync = await MbsyncClient.create(directory, { ...reader, port, tls, certificateFile });
    const syncs = async (): Promise<void> => {
      const { code, stdout, stderr } = await mbsync.run();
      expect(code, stdout + stderr).toBe(0);
    };
    await using client = await openImap(reader);

    // Messages and folders at both ends.
    const remote = Array.from({ length: 5 }, (_, at) => makeMail({ eightBit: at % 2 === 0, bodyBytes: at * 100_000 }));
    for (const { bytes } of remote.slice(0, 4)) await client.append('INBOX', bytes, ['\\Seen']);
    await client.mailboxCreate('Projects/Käse');
    await client.append(
      'Projects/Käse',
      remote[4].bytes,
      ['\\Flagged', '\\Answered'],
      new Date('2020-02-29T12:00:00Z'),
    );
    const local = Array.from({ length: 5 }, (_, at) => makeMail({ eightBit: at % 2 === 0, bodyBytes: at * 100_000 }));
    for (const [at, { bytes }] of local.slice(0, 4).entries()) await mbsync.put('INBOX', bytes, `local-${at}`, 'S');
    await mbsync.put('From here', local[4].bytes, 'local-4', 'FRS');
    await syncs();
    const inbox = [...remote.slice(0, 4), ...local.slice(0, 4)];
    const localInbox = await mbsync.messages('INBOX');
    expect([...localInbox.keys()].sort()).toEqual(inbox.map(({ subject }) => subject).sort());
    await client.mailboxOpen('INBOX');
    for (const { subject, bytes } of inbox) {
      expect(withoutTuid(localInbox.get(subject)?.bytes)).toBe(bytes.toString().replaceAll('\r\n', '\n'));
      const [uid] = (await client.search({ header: { subject } }, { uid: true })) || [];
      const message = await client.fetchOne(String(uid), { source: true, flags: true }, { uid: true });
      expect(withoutTuid(message ? message.source : undefined)).toBe(bytes.toString());
      expect(message && [...(message.flags ?? [])]).toEqual(['\\Seen']);
    }
    const cheese = join('Projects', 'K&AOQ-se');
    expect((await mbsync.messages(cheese)).get(remote[4].subject)?.flags).toBe('FR');
    await client.mailboxOpen('From here');
    const pushed = await client.fetchOne('1', { flags: true, envelope: true });
    expect(pushed && [...(pushed.flags ?? [])].sort()).toEqual(['\\Answered', '\\Flagged', '\\Seen']);

    // Flags, deletions, moves, new and removed folders at both ends.
    await client.mailboxOpen('INBOX');
    const uidOf = async ({ subject }: { subject: string }): Promise<string> =>
      String(((await client.search({ header: { subject } }, { uid: true })) || [])[0]);
    await client.messageFlagsAdd(await uidOf(remote[0]), ['\\Flagged'], { uid: true });
    await client.messageFlagsRemove(await uidOf(local[0]), ['\\Seen'], { uid: true });
    await client.messageDelete(await uidOf(local[1]), { uid: true });
    await client.messageMove(await uidOf(remote[1]), 'Archive', { uid: true });
    await client.mailboxCreate('Later');
    const here = (mail: { subject: string }): string => localInbox.get(mail.subject)?.path ?? '';
    await rename(here(remote[2]), here(remote[2]).replace(/:2,S$/, ':2,'));
    await rename(here(local[2]), here(local[2]).replace(/:2,S$/, ':2,FS'));
    await unlink(here(remote[3]));
    await rename(here(local[3]), join(mbsync.mail, 'From here', 'cur', 'moved:2,S'));
    await mbsync.put('Also here', makeMail().bytes, 'other');
    await syncs();
    const after = await mbsync.messages('INBOX');
    const flags = [...after].map(([subject, message]) => [subject, message.flags]);
    expect(Object.fromEntries(flags)).toEqual({
      [remote[0].subject]: 'FS',
      [remote[2].subject]: '',
      [local[0].subject]: '',
      [local[2].subject]: 'FS',
    });
    expect([...(await mbsync.messages('Archive')).keys()]).toEqual([remote[1].subject]);
    expect(existsSync(join(mbsync.mail, 'Later', 'cur'))).toBe(true);
    await client.mailboxOpen('INBOX');
    const there: Record<string, string[]> = {};
    for (const { envelope, flags } of await client.fetchAll('1:*', { envelope: true, flags: true })) {
      there[envelope?.subject ?? ''] = [...(flags ?? [])].sort();
    }
    expect(there).toEqual({
      [remote[0].subject]: ['\\Flagged', '\\Seen'],
      [remote[2].subject]: [],
      [local[0].subject]: [],
      [local[2].subject]: ['\\Flagged', '\\Seen'],
    });
    expect(await client.status('From here', { messages: true })).toMatchObject({ messages: 2 });
    expect(await client.status('Also here', { messages: true })).toMatchObject({ messages: 1 });

    // The second time there is nothing to do.
    const before = { server: await readServerState(reader), local: await mbsync.state() };
    await syncs();
    expect({ server: await readServerState(reader), local: await mbsync.state() }).toEqual(before);
  });
});
