import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { serveRestored } from '../faults/load/backup-load.ts';
import { ImapTestClient } from '../harness/imap-client.ts';
import { startTestServer, type TestServer } from '../harness/start-test-server.ts';
import { everything, type Known, synchronise } from '../harness/synchronising-client.ts';

const message = (subject: string): string => `From: a@example.org\nSubject: ${subject}\n\nhello\n`;

async function logIn(server: TestServer): Promise<ImapTestClient> {
  const client = await ImapTestClient.login(server.ports.imap, 'me@example.org');
  await client.ok('ENABLE QRESYNC');
  return client;
}

describe('an older state that was restored', () => {
  it('is what synchronised clients end up with, and no UID means another message than before', {
    timeout: 90_000,
  }, async () => {
    await using server = await startTestServer();
    const known: Known = { uidValidity: 0, modseq: 0, messages: new Map() };
    const seen = new Map<string, string>();
    const note = (state: Known): void => {
      for (const [uid, { subject }] of state.messages) {
        const id = `${state.uidValidity}:${uid}`;
        expect(seen.get(id) ?? subject, `UID ${id}`).toBe(subject);
        seen.set(id, subject);
      }
    };
    using client = await logIn(server);
    for (const subject of ['kept', 'flagged later', 'unflagged later', 'expunged later', 'moved later']) {
      await client.append('INBOX', message(subject), subject === 'unflagged later' ? '(\\Flagged) ' : '');
    }
    await client.append('INBOX', message('expunged before'));
    await synchronise(client, 'INBOX', known);
    await client.ok('UID STORE 6 +FLAGS (\\Deleted)');
    await client.ok('UID EXPUNGE 6');
    note(known);
    const backup = join(server.directory, 'backup');
    expect(await server.command('backup', backup)).toMatchObject({ code: 0 });

    await client.ok('UID STORE 2 +FLAGS (\\Flagged)');
    await client.ok('UID STORE 3 -FLAGS (\\Flagged)');
    await client.ok('UID STORE 4 +FLAGS (\\Deleted)');
    await client.ok('UID EXPUNGE 4');
    await client.ok('UID MOVE 5 Archive');
    for (const subject of ['lost 1', 'lost 2', 'lost 3']) await client.append('INBOX', message(subject));
    await client.ok('CREATE Lost');
    await client.append('Lost', message('lost with its mailbox'));
    const lost: Known = { uidValidity: 0, modseq: 0, messages: new Map() };
    await synchronise(client, 'Lost', lost);
    note(lost);
    // The server may have been on for long, and the client away: it knows the newest state.
    await synchronise(client, 'INBOX', known);
    note(known);
    const other: Known = structuredClone(known);
    expect([...known.messages.values()].map(({ subject }) => subject).sort()).toEqual(
      ['kept', 'flagged later', 'unflagged later', 'lost 1', 'lost 2', 'lost 3'].sort(),
    );
    await server.stop();

    await using restored = await serveRestored(backup, join(server.directory, 'restored'));
    using again = await logIn(restored);
    const fetched = await synchronise(again, 'INBOX', known);
    const now = await everything(again, 'INBOX');
    expect(known.messages).toEqual(now);
    expect([...now.values()]).toEqual([
      { subject: 'kept', flags: '' },
      { subject: 'flagged later', flags: '' },
      { subject: 'unflagged later', flags: '\\Flagged' },
      { subject: 'expunged later', flags: '' },
      { subject: 'moved later', flags: '' },
    ]);
    // Only what the client had forgotten is fetched again.
    expect(fetched).toEqual([4, 5]);
    note(known);

    for (const subject of ['new 1', 'new 2', 'new 3', 'new 4']) await again.append('INBOX', message(subject));
    await again.ok('CREATE Lost');
    await again.append('Lost', message('another'));
    // A client that comes only now, after new mail, with what it knew before.
    expect(await synchronise(again, 'INBOX', other)).toHaveLength(6);
    expect(other.messages).toEqual(await everything(again, 'INBOX'));
    note(other);
    const { uidValidity } = lost;
    await synchronise(again, 'Lost', lost);
    expect(lost.uidValidity).toBeGreaterThan(uidValidity);
    note(lost);
  });
});
