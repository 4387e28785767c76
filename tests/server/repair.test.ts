import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import SqliteDatabase from 'better-sqlite3';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ImapTestClient } from '../harness/imap-client.ts';
import { copyOfStopped, resultOf, startTestServer, type TestServer } from '../harness/start-test-server.ts';

/** Stopped, with mail. */
let made: TestServer;
let server: TestServer;

beforeAll(async () => {
  made = await startTestServer();
  using client = await ImapTestClient.login(made.ports.imap, 'me@example.org');
  for (let at = 0; at < 5; at++) {
    const references = at === 0 ? '' : `References: <${at - 1}@x>\n`;
    await client.append(
      'INBOX',
      `From: a@example.org\nSubject: plan ${at}\nMessage-ID: <${at}@x>\n${references}\ntext ${at}\n`,
      '($Work) ',
    );
  }
  await client.ok('SELECT INBOX');
  await client.ok('COPY 1:2 Archive');
  await made.stop();
}, 60_000);

afterAll(() => made[Symbol.asyncDispose]());

beforeEach(async () => {
  server = await copyOfStopped(made);
  return server[Symbol.asyncDispose];
});

/** All that a client sees is there. */
async function seesAll(): Promise<void> {
  using client = await ImapTestClient.login(server.ports.imap, 'me@example.org');
  await client.ok('SELECT INBOX');
  const lines = await client.ok('UID FETCH 1:* (FLAGS RFC822.SIZE ENVELOPE BODYSTRUCTURE)');
  expect(lines.filter((line) => /"plan \d"/.test(line) && /\$Work/.test(line))).toHaveLength(5);
}

function sql(text: string): unknown[] {
  const database = new SqliteDatabase(join(server.dataDirectory, 'accounts', 'me', 'index.db'));
  try {
    if (/^SELECT/.test(text)) return database.prepare(text).all();
    database.exec(text);
    return [];
  } finally {
    database.close();
  }
}

/** The account's rows and files. */
function content(): string {
  const root = join(server.dataDirectory, 'accounts', 'me');
  const tables = sql("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name") as { name: string }[];
  const rows = tables.map(({ name }) => `${name} ${JSON.stringify(sql(`SELECT * FROM "${name}" `))}`);
  const files = readdirSync(join(root, 'msg'), { recursive: true, encoding: 'utf8' }).sort();
  const hashes = files.map((name) =>
    statSync(join(root, 'msg', name)).isFile()
      ? createHash('sha256')
          .update(readFileSync(join(root, 'msg', name)))
          .digest('hex')
      : name,
  );
  return [...rows, ...hashes].join('\n');
}

async function found(): Promise<{ codes: string[]; hints: string[] }> {
  const { findings } = resultOf(await server.command('verifydata', '--full', '--json'));
  const unique = (values: string[]): string[] => [...new Set(values)].sort();
  return {
    codes: unique(findings.map(({ code }: { code: string }) => code)),
    hints: unique(findings.map(({ hint }: { hint: string }) => hint)),
  };
}

const damages: readonly { command: string; codes: string[]; sql: string }[] = [
  {
    command: 'fixuidmeta',
    codes: [
      'content-erase',
      'content-id-not-below-next',
      'erase-without-content',
      'message-keyword',
      'modseq-mailbox',
      'modseq-message',
      'uid-not-below-next',
      'uidvalidity-not-below-next',
    ],
    sql: `UPDATE mailboxes SET uid_next = 2 WHERE name = 'Inbox'; UPDATE account SET next_uid_validity = 1, next_content_id = 1, modseq = 1;
      UPDATE mailboxes SET modseq = 1 WHERE name = 'Archive'; UPDATE mailboxes SET keywords = '[]' WHERE name = 'Inbox';
      INSERT INTO erase (content_id, modseq) VALUES (1, 1), (999, 1)`,
  },
  {
    command: 'fixuidmeta',
    codes: ['uid-order', 'uidvalidity-below-earlier', 'uidvalidity-twice'],
    sql: `UPDATE messages SET create_seq = 1 WHERE uid = 3; UPDATE mailbox_names SET uid_validity = uid_validity + 5 WHERE name = 'Sent';
      UPDATE account SET next_uid_validity = next_uid_validity + 10;
      UPDATE mailboxes SET uid_validity = (SELECT uid_validity FROM mailboxes WHERE name = 'Junk') WHERE name = 'Drafts'`,
  },
  {
    command: 'recalculatemailboxcounts',
    codes: ['account-counts', 'mailbox-counts', 'quota-negative'],
    sql: `UPDATE mailboxes SET messages = 3, unseen = 0, size = 1 WHERE name = 'Inbox';
      UPDATE account SET used_bytes = -1, messages = 70, quota_bytes = -5`,
  },
  {
    command: 'fixmsgsize',
    codes: ['mailbox-counts', 'message-file-differs', 'message-size'],
    sql: `UPDATE contents SET file_size = file_size + 1 WHERE id = 2; UPDATE messages SET size = 1 WHERE uid = 4`,
  },
  {
    command: 'reparse',
    codes: ['message-facts-differ'],
    sql: `UPDATE contents SET envelope = 'NIL', subject = 'x', sent_at = 5 WHERE id IN (2, 3);
      UPDATE contents SET body_structure = 'NIL', structure = '{}' WHERE id = 4`,
  },
  {
    command: 'reassignthreads',
    codes: ['thread-cycle', 'thread-merged-twice', 'thread-missing-link', 'thread-of-message', 'thread-parent'],
    sql: `UPDATE messages SET thread_id = 77 WHERE uid = 2; UPDATE contents SET parent_id = 999 WHERE id = 5;
      UPDATE contents SET parent_id = 3 WHERE id = 3; UPDATE contents SET missing_link = 1, parent_hash = NULL WHERE id = 1;
      INSERT INTO thread_merges (id, into_id) VALUES (50, 51), (51, 52)`,
  },
];

describe('damage to an account', { timeout: 60_000 }, () => {
  it('is not seen where there is none', async () => {
    expect(await found()).toEqual({ codes: [], hints: [] });
  });

  for (const [at, damage] of damages.entries()) {
    it(`such as ${damage.codes.join(', ')} is named with ${damage.command}, which mends it`, async () => {
      const sound = content();
      const nothing = await server.command(damage.command, 'me');
      expect(nothing).toMatchObject({ code: 0, stdout: 'me: nothing to do\n' });
      expect(content()).toBe(sound);
      sql(damage.sql);
      const { codes, hints } = await found();
      expect(codes).toEqual(damage.codes);
      expect(hints).toContain(
        damage.codes.includes('message-file-differs') ? 'restante fixmsgsize me' : `restante ${damage.command} me`,
      );
      const broken = content();
      const dry = resultOf(await server.command(damage.command, 'me@example.org', '--dry-run', '--json'));
      expect(content()).toBe(broken);
      expect(dry.changes.length + dry.notes.length).toBeGreaterThan(0);
      const mend = async (): Promise<void> => {
        const real = resultOf(await server.command(damage.command, 'me', '--json'));
        expect({ ...real, dryRun: true }).toEqual(dry);
      };
      // Every second time by the server at work.
      const isLive = at % 2 === 0;
      const nothingFound = async (): Promise<void> => expect(await found()).toEqual({ codes: [], hints: [] });
      if (!isLive) {
        await mend();
        await nothingFound();
      }
      {
        await using _ = await startTestServer({ directory: server.directory, ports: server.ports });
        if (isLive) await mend();
        await seesAll();
      }
      if (isLive) await nothingFound();
    });
  }

  it('that a backup alone can mend is named so by fixmsgsize, and left alone', async () => {
    const path = join(server.dataDirectory, 'accounts', 'me', 'msg', '0', '2');
    const { chmodSync, writeFileSync } = await import('node:fs');
    chmodSync(path, 0o600);
    writeFileSync(path, 'other bytes');
    const run = await server.command('fixmsgsize', 'me');
    expect(run.stdout).toContain('message file 2 was changed: restore it from a backup');
    expect((await found()).codes).toEqual(['message-file-differs']);
  });

  it('is not needed for bumpuidvalidity, which says beforehand what it does', async () => {
    const before = content();
    const dry = await server.command('bumpuidvalidity', 'me', 'Inbox', '--dry-run');
    expect(dry.stdout).toMatch(/^Inbox: UIDVALIDITY \d+ would be another \(nothing was changed\)\n$/);
    expect(content()).toBe(before);
    expect((await server.command('bumpuidvalidity', 'me', 'Inbox')).stdout).toMatch(/^Inbox: UIDVALIDITY \d+\n$/);
    expect(content()).not.toBe(before);
    expect(await found()).toEqual({ codes: [], hints: [] });
  });
});
