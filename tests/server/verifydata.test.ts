import { createHash } from 'node:crypto';
import { chmodSync, existsSync, lstatSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import SqliteDatabase from 'better-sqlite3';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ImapTestClient } from '../harness/imap-client.ts';
import { copyOfStopped, resultOf, runCommand, startTestServer, type TestServer } from '../harness/start-test-server.ts';

/** Stopped, with mail, and with a copied backup beside its data. */
let made: TestServer;
let server: TestServer;
let backup: string;

beforeAll(async () => {
  made = await startTestServer({ accounts: ['me', 'you'] });
  using client = await ImapTestClient.login(made.ports.imap, 'me@example.org');
  for (let at = 0; at < 4; at++) {
    await client.append(
      'INBOX',
      `From: a@example.org\nSubject: number ${at}\nMessage-ID: <${at}@x>\n\n${'text '.repeat(50)}\n`,
    );
  }
  expect((await made.command('backup', '--copy', join(made.directory, 'backup'))).code).toBe(0);
  await made.stop();
}, 60_000);

afterAll(() => made[Symbol.asyncDispose]());

beforeEach(async () => {
  server = await copyOfStopped(made);
  backup = join(server.directory, 'backup');
  return server[Symbol.asyncDispose];
});

async function serve(): Promise<TestServer> {
  return await startTestServer({ directory: server.directory, ports: server.ports });
}

/** Everything that can be seen of a directory. */
function listing(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .sort()
    .map((name) => {
      const found = lstatSync(join(directory, name));
      const bytes = found.isFile()
        ? createHash('sha256')
            .update(readFileSync(join(directory, name)))
            .digest('hex')
        : '';
      return `${name} ${found.mode.toString(8)} ${found.size} ${found.mtimeMs} ${found.ino} ${bytes}`;
    });
}

function change(account: string, sql: string): void {
  const database = new SqliteDatabase(join(server.dataDirectory, 'accounts', account, 'index.db'));
  database.exec(sql);
  database.close();
}

describe('restante verifydata', { timeout: 60_000 }, () => {
  it('changes nothing of a backup, also where nothing can be written', async () => {
    const before = listing(backup);
    chmodSync(backup, 0o500);
    expect(await runCommand(['verifydata', backup])).toMatchObject({ code: 0, stderr: '' });
    expect(await runCommand(['verifydata', '--full', backup])).toMatchObject({ code: 0, stderr: '' });
    expect(listing(backup)).toEqual(before);
  });

  it('changes nothing of the data of a server that was killed, and finds it whole', async () => {
    const served = await serve();
    // Something to find in a log.
    using client = await ImapTestClient.login(served.ports.imap, 'me@example.org');
    await client.append('INBOX', 'Subject: acknowledged\n\ntext\n');
    await served.kill();
    rmSync(join(server.dataDirectory, 'ctl'), { force: true });
    // Its lock is all that it takes.
    const state = (): string[] => listing(server.dataDirectory).filter((line) => !line.startsWith('lock'));
    const before = state();
    expect(before.some((line) => line.includes('index.db-wal'))).toBe(true);
    expect(await runCommand(['verifydata', server.dataDirectory])).toMatchObject({ code: 0 });
    expect(state()).toEqual(before);
  });

  it('names damage by account, mailbox and UID, with the command that mends it, as text and as JSON', async () => {
    const file = join(backup, 'data', 'accounts', 'me', 'msg', '0', '2');
    chmodSync(file, 0o600);
    const bytes = readFileSync(file);
    bytes[100]! ^= 1;
    writeFileSync(file, bytes);
    const text = await runCommand(['verifydata', backup]);
    expect(text.code).toBe(1);
    expect(text.stderr).toContain(
      'error: Account "me": message 2 in mailbox "Inbox", subject "number 1": its file "accounts/me/msg/0/2" was changed',
    );
    expect(text.stderr).toContain(
      'hint=Restore it from a good backup: restante restore <backup> --account me --mailbox "Inbox"',
    );
    expect(text.stdout).toMatch(/backup: 1 error, 0 warnings/);
    const report = resultOf(await runCommand(['verifydata', '--json', backup]));
    expect(report).toMatchObject({ kind: 'backup', ok: false, errors: 1, warnings: 0, files: expect.any(Number) });
    expect(report.findings).toMatchObject([
      { severity: 'error', code: 'message-file-differs', account: 'me', mailbox: 'Inbox', uid: 2 },
    ]);
  });

  it('sees that rows of a backup say something else than its files', async () => {
    const damaged = join(server.directory, 'damaged');
    // The row was damaged before the backup was taken: a link trusts it, the proof does not.
    change('me', 'UPDATE contents SET sha256 = zeroblob(32) WHERE id = 3');
    expect((await server.command('backup', damaged)).code).toBe(0);
    const report = resultOf(await runCommand(['verifydata', '--json', damaged]));
    expect(report.findings).toMatchObject([{ code: 'message-file-differs', account: 'me', mailbox: 'Inbox', uid: 3 }]);
  });

  it('parses messages again, and compares with what is stored', async () => {
    change('me', "UPDATE contents SET envelope = replace(envelope, 'number', 'figure') WHERE id = 4");
    const report = resultOf(await server.command('verifydata', '--full', '--json'));
    expect(report).toMatchObject({ kind: 'data', errors: 1 });
    expect(report.findings).toMatchObject([
      {
        code: 'message-facts-differ',
        account: 'me',
        hint: 'restante reparse me',
        message: expect.stringContaining('ENVELOPE'),
      },
    ]);
  });

  it('finds a UID that was used again', async () => {
    change(
      'me',
      'UPDATE messages SET create_seq = create_seq + 100, modseq = modseq + 100 WHERE uid = 2; UPDATE mailboxes SET modseq = modseq + 100; UPDATE account SET modseq = modseq + 100',
    );
    const report = resultOf(await server.command('verifydata', '--json'));
    expect(report.findings).toMatchObject([
      { code: 'uid-order', account: 'me', mailbox: 'Inbox', uid: 3, hint: 'restante fixuidmeta me' },
      { code: 'uid-order', uid: 4 },
    ]);
  });

  it('checks keys and the configuration of a backup', async () => {
    rmSync(join(backup, 'config', 'domains.yaml'));
    rmSync(join(backup, 'data', 'receivedid.key'));
    const report = resultOf(await runCommand(['verifydata', '--json', backup]));
    expect(
      report.findings.map(({ code, path }: { code: string; path?: string }) => `${code} ${path ?? ''}`.trim()).sort(),
    ).toEqual([
      'config-unreadable',
      'file-missing config/domains.yaml',
      'file-missing data/receivedid.key',
      'file-missing receivedid.key',
    ]);
  });

  it('moves away what belongs to no message with --fix, and never in a backup', async () => {
    expect(await runCommand(['verifydata', '--fix', backup])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('backups are never changed'),
    });
    {
      await using _ = await serve();
      expect(await server.command('verifydata', '--fix')).toMatchObject({
        code: 2,
        stderr: expect.stringContaining('restante stop'),
      });
    }
    const { dataDirectory } = server;
    for (const content of ['first', 'second']) {
      writeFileSync(join(dataDirectory, 'accounts', 'me', 'msg', '0', '0'), content);
      writeFileSync(join(dataDirectory, 'accounts', 'me', 'msg', '0', 'notes'), content);
      const before = listing(dataDirectory).filter((line) => !line.startsWith('lock'));
      const found = await server.command('verifydata');
      expect(found.code).toBe(1);
      expect(found.stderr).toContain(
        'belongs to no message; code=message-file-unreferenced; hint=restante verifydata --fix moves it away',
      );
      expect(listing(dataDirectory).filter((line) => !line.startsWith('lock'))).toEqual(before);
      const fixed = await server.command('verifydata', '--fix');
      expect(fixed.code).toBe(0);
      expect((await server.command('verifydata')).code).toBe(0);
    }
    const moved = join(dataDirectory, 'moved', 'accounts', 'me', 'msg', '0');
    expect(readdirSync(moved).sort()).toEqual(['0', '0.1', 'notes', 'notes.1']);
    expect(readFileSync(join(moved, '0.1'), 'utf8')).toBe('second');
  });

  it('checks an older schema on a copy of its own', async () => {
    change(
      'you',
      `${['acl', 'arrived_moves', 'departed_moves', 'deliveries', 'annotation_removals', 'url_keys', 'app_passwords', 'import_unmatched', 'imported_messages', 'import_mailboxes'].map((table) => `DROP TABLE ${table};`).join(' ')}
       DROP INDEX annotations_modseq; DROP INDEX contents_rejects; DROP INDEX contents_given_thread; ALTER TABLE contents DROP COLUMN given_thread_id; ALTER TABLE mailboxes DROP COLUMN recent_uid;
       DELETE FROM applied_migrations WHERE version >= 2; PRAGMA user_version = 1; UPDATE mailboxes SET messages = 7 WHERE name = 'Inbox'`,
    );
    const path = join(server.dataDirectory, 'accounts', 'you', 'index.db');
    const before = readFileSync(path);
    const report = resultOf(await server.command('verifydata', '--json'));
    expect(report.findings.map(({ code }: { code: string }) => code)).toEqual(['mailbox-counts', 'account-counts']);
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  it('verifies a server at work, without stopping it', async () => {
    await using _ = await serve();
    using client = await ImapTestClient.login(server.ports.imap, 'me@example.org');
    let running = true;
    let appended = 0;
    const load = (async () => {
      await client.ok('SELECT INBOX');
      while (running) {
        await client.append('INBOX', `Subject: during ${appended++}\n\ntext\n`);
        if (appended % 3 === 0) {
          await client.ok('STORE 1 +FLAGS (\\Deleted)');
          await client.ok('EXPUNGE');
        }
      }
    })();
    for (let round = 0; round < 3; round++) {
      const report = resultOf(await server.command('verifydata', '--json', '--full'));
      expect(report).toMatchObject({ kind: 'live', ok: true, errors: 0, instant: expect.any(String), findings: [] });
    }
    running = false;
    await load;
    expect(appended).toBeGreaterThan(20);
    // A file that nobody knows, and one that has lost a byte.
    writeFileSync(join(server.dataDirectory, 'accounts', 'me', 'msg', '0', '0'), 'unknown');
    const last = readdirSync(join(server.dataDirectory, 'accounts', 'me', 'msg', '0')).sort((a, b) => +b - +a)[0]!;
    const file = join(server.dataDirectory, 'accounts', 'me', 'msg', '0', last);
    chmodSync(file, 0o600);
    writeFileSync(file, readFileSync(file).subarray(1));
    const damaged = resultOf(await server.command('verifydata', server.dataDirectory, '--json'));
    expect(damaged.findings.map(({ code }: { code: string }) => code).sort()).toEqual([
      'message-file-differs',
      'message-file-unreferenced',
    ]);
    const metrics = await (await fetch(`http://127.0.0.1:${server.ports.metrics}/metrics`)).text();
    expect(metrics).toContain('restante_verify_last_findings{severity="error"} 2');
    expect(readdirSync(join(server.dataDirectory, 'tmp'))).toEqual([]);
    expect(
      existsSync(join(server.dataDirectory, 'ctl')) && statSync(join(server.dataDirectory, 'ctl')).isSocket(),
    ).toBe(true);
  });
});
