import { cpSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { chmod, cp, mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { serveRestored } from '../faults/load/backup-load.ts';
import { ImapTestClient } from '../harness/imap-client.ts';
import { resultOf, runCommand, startTestServer, type TestServer } from '../harness/start-test-server.ts';
import { everything, type Known, synchronise } from '../harness/synchronising-client.ts';

/** Whose server is gone. */
let made: string;
let work: string;
let backup: string;

beforeAll(async () => {
  made = await mkdtemp(join(tmpdir(), 'restante-whole-'));
  await makeBackup(join(made, 'backup'));
}, 60_000);
afterAll(() => rm(made, { recursive: true, force: true }));

beforeEach(async () => {
  work = await mkdtemp(join(tmpdir(), 'restante-whole-'));
  backup = join(work, 'backup');
  await cp(join(made, 'backup'), backup, { recursive: true, preserveTimestamps: true });
});
afterEach(() => rm(work, { recursive: true, force: true }));

const message = (subject: string): string =>
  `From: a@example.org\nSubject: ${subject}\nMessage-ID: <${subject}@x>\n\nhello ${subject}\n`;

function listing(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .sort()
    .map((name) => `${name} ${statSync(join(directory, name)).mtimeMs} ${statSync(join(directory, name)).size}`);
}

async function logIn(server: TestServer): Promise<ImapTestClient> {
  const client = await ImapTestClient.login(server.ports.imap, 'me@example.org');
  await client.ok('ENABLE QRESYNC');
  return client;
}

/** Mail that waits, since no name server answers. */
const noAnswers = 'resolver: { servers: ["127.0.0.1:9"], timeout: 1s }';

async function makeBackup(path: string): Promise<void> {
  await using server = await startTestServer({ accounts: ['me', 'you'], settings: noAnswers });
  using client = await logIn(server);
  for (const subject of ['one', 'two', 'three'])
    await client.append('INBOX', message(subject), subject === 'two' ? '(\\Seen $Work) ' : '');
  await client.ok('CREATE Lists/Work');
  await client.append('Lists/Work', message('four'));
  const sent = await runCommand(
    ['sendmail', '-f', 'me@example.org', 'far@remote.example', '--config', server.configPath],
    'Subject: on its way\nMessage-ID: <way@x>\n\nhello\n',
  );
  expect(sent.code).toBe(0);
  expect(await server.command('backup', '--copy', path)).toMatchObject({ code: 0 });
}

describe('a whole restore', { timeout: 90_000 }, () => {
  it('that is cut short leaves no empty server to be started, and is done again', async () => {
    const [data, config] = [join(work, 'new', 'data'), join(work, 'new', 'config')];
    const restore = ['restore', backup, data, '--config-dir', config];
    expect(await runCommand(restore)).toMatchObject({ code: 0 });
    // As a kill between the two names leaves it.
    await rename(data, `${data}.restoring`);
    writeFileSync(join(config, '.restoring'), '');
    const serve = await runCommand(['serve', '--config', join(config, 'restante.yaml')]);
    expect(serve.code).not.toBe(0);
    expect(serve.stderr).toContain(`Cannot use data directory "${data}": the restore to it was cut short`);
    expect(existsSync(data)).toBe(false);
    expect(await runCommand(restore)).toMatchObject({ code: 0 });
    expect(readdirSync(join(work, 'new')).sort()).toEqual(['config', 'data']);
    expect(existsSync(join(config, '.restoring'))).toBe(false);
    expect(await runCommand(['verifydata', data])).toMatchObject({ code: 0 });
  });

  it('says with --dry-run exactly what would be there, and does nothing', async () => {
    const before = listing(work);
    const target = join(work, 'new', 'data');
    const dry = await runCommand(['restore', backup, target, '--dry-run']);
    expect(dry).toMatchObject({ code: 0, stderr: '' });
    for (const line of [
      `${target}: would be restored, `,
      'from a backup of format 2, restored 0 times before',
      'account me: 4 messages',
      '  Lists/Work: 1 message',
      `configuration: ${join(work, 'new', 'config', 'domains.yaml')}`,
      '1 recipient in the queue would be held, and may have been sent to already:',
      'from <me@example.org> to <far@remote.example>, queued ',
    ]) {
      expect(dry.stdout).toContain(line);
    }
    expect(listing(work)).toEqual(before);
    const real = resultOf(await runCommand(['restore', backup, target, '--json']));
    const { dryRun, ...planned } = resultOf(
      await runCommand(['restore', backup, join(work, 'other', 'data'), '--dry-run', '--json']),
    );
    expect(dryRun).toBe(true);
    expect(real).toMatchObject({
      files: planned.files,
      bytes: planned.bytes,
      accounts: planned.accounts,
      configFiles: planned.configFiles,
      toReview: [
        {
          fields: {
            recipient: 'far@remote.example',
            sender: 'me@example.org',
            messageId: 'way@x',
            subject: 'on its way',
          },
        },
      ],
    });
    const queue = await runCommand(['queue', 'list', '--config', join(work, 'new', 'config', 'restante.yaml')]);
    expect(queue.stdout).toMatch(/held .*far@remote\.example/);
  });

  it('done twice, with mail in between, gives no UID to two messages', async () => {
    const seen = new Map<string, string>();
    let modseq = 0;
    const note = (known: Known): void => {
      for (const [uid, { subject }] of known.messages) {
        const id = `${known.uidValidity}:${uid}`;
        expect(seen.get(id) ?? subject, `UID ${id}`).toBe(subject);
        seen.set(id, subject);
      }
    };
    const known: Known = { uidValidity: 0, modseq: 0, messages: new Map() };
    const made = new Set<number>();
    for (let round = 0; round < 3; round++) {
      await using restored = await serveRestored(backup, join(work, `round${round}`));
      using client = await logIn(restored);
      const fetched = await synchronise(client, 'INBOX', known);
      // What it had of the backup it does not fetch again.
      expect(fetched.length).toBe(round === 0 ? 3 : 0);
      expect(known.messages).toEqual(await everything(client, 'INBOX'));
      expect(known.modseq).toBeGreaterThan(modseq);
      modseq = known.modseq;
      for (let at = 0; at < 5; at++) await client.append('INBOX', message(`round-${round}-${at}`));
      expect(await synchronise(client, 'INBOX', known)).toHaveLength(5);
      note(known);
      await client.ok('CREATE New');
      const [line] = await client.ok('STATUS New (UIDVALIDITY)');
      made.add(Number(/UIDVALIDITY (\d+)/.exec(line!)?.[1]));
    }
    // A mailbox of the same name with other mail is another one.
    expect(made.size).toBe(3);
    const record = readFileSync(`${backup}.restores.jsonl`, 'utf8').trimEnd().split('\n');
    expect(record).toHaveLength(3);
  });

  it('upgrades a backup of the first format, which any later version reads', async () => {
    backup = join(work, 'format-1');
    cpSync(join(import.meta.dirname, '../data/backups/format-1'), backup, { recursive: true });
    for (const name of readdirSync(backup, { recursive: true, encoding: 'utf8' })) {
      await chmod(join(backup, name), statSync(join(backup, name)).isDirectory() ? 0o700 : 0o600);
    }
    expect(await runCommand(['verifydata', '--full', backup])).toMatchObject({ code: 0, stderr: '' });
    const wrong = await runCommand(['restore', backup, join(work, 'no', 'data'), '--from-version', '2']);
    expect(wrong).toMatchObject({ code: 1, stderr: expect.stringContaining('it is of format 1, not 2') });
    expect(existsSync(join(work, 'no'))).toBe(false);
    const result = resultOf(await runCommand(['restore', backup, join(work, 'data'), '--from-version', '1', '--json']));
    expect(result).toMatchObject(
      // What was held then was not about to be sent.
      { format: 1, toReview: [] },
    );
    expect(await runCommand(['verifydata', join(work, 'data')])).toMatchObject({ code: 0 });
    await rm(join(work, 'data'), { recursive: true });
    await rm(join(work, 'config'), { recursive: true });
    await using server = await serveRestored(backup, work);
    using client = await logIn(server);
    expect(
      [...(await everything(client, 'INBOX')).values()].map(({ subject, flags }) => `${subject} ${flags}`),
    ).toEqual([
      'plans ',
      'Re: plans \\Seen $Work',
      'Re: plans \\Answered \\Flagged',
      'Re: plans \\Seen $Work',
      'Re: plans ',
    ]);
    expect((await everything(client, 'Lists/Work')).size).toBe(2);
    expect((await server.command('queue', 'list')).stdout).toMatch(/held .*far@remote\.example\.net/);
  });

  it('refuses a backup of a later format, and says so', async () => {
    const manifest = join(backup, 'manifest.jsonl');
    writeFileSync(manifest, readFileSync(manifest, 'utf8').replace('"format":2', '"format":9'));
    const run = await runCommand(['restore', backup, join(work, 'new', 'data')]);
    expect(run).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('it is of format 9, and this version reads formats up to 2'),
    });
  });
});

describe('a backup', { timeout: 60_000 }, () => {
  it('is looked into without a server: accounts, mailboxes, messages, one message, and exports', async () => {
    const before = listing(backup);
    const run = async (...args: string[]) => {
      const done = await runCommand(['restore', backup, ...args]);
      expect(done, done.stderr).toMatchObject({ code: 0, stderr: '' });
      return done.stdout;
    };
    expect(await run('--list')).toMatch(
      /^Backup of mail\.example\.org as of \S+, complete, format 2\nACCOUNT +MESSAGES +SIZE\nme +4 +\d+ B\nyou +0 +0 B\n$/,
    );
    expect(await run('--list', '--account', 'me')).toMatch(/Inbox +3 +2 +\d+ B/);
    expect(await run('--list', '--account', 'me', '--mailbox', 'inbox')).toMatch(
      /Inbox +2 +\d{4}-\d\d-\d\d \d\d:\d\d +\\Seen \$Work +\d+ B +a@example\.org +two +<two@x>/,
    );
    const lines = (await run('--list', '--account', 'me', '--search', 'hello', '--json')).trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line).messageId)).toEqual(['one@x', 'two@x', 'three@x', 'four@x']);
    const bytes = message('two').replaceAll('\n', '\r\n');
    expect(await run('--print', '--account', 'me', '--mailbox', 'INBOX', '--uid', '2')).toBe(bytes);
    expect(await run('--print', '--account', 'me', '--message-id', '<two@x>')).toBe(bytes);
    const several = await runCommand(['restore', backup, '--print', '--account', 'me']);
    expect(several).toMatchObject({ code: 2, stderr: expect.stringContaining('several match') });
    const exported = await runCommand(['export', 'maildir', 'me', join(work, 'maildir'), '--from-backup', backup]);
    expect(exported).toMatchObject({ code: 0, stdout: '4 messages of 8 mailboxes exported\n' });
    expect(readdirSync(join(work, 'maildir', 'cur')).length + readdirSync(join(work, 'maildir', 'new')).length).toBe(3);
    expect(listing(backup)).toEqual(before);
  });
});
