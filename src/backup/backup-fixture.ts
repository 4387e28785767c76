import { createHash } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ledgerKind } from '../database/contract-fixture/operations.ts';
import { type DurablePart, type Finding, messageFilesAtOnce } from '../database/durable-part.ts';
import type { DatabaseEngine } from '../database/engine.ts';
import { openDatabaseAtRest } from '../database/open-at-rest.ts';
import { createTestEngine } from '../database/sqlite/test-engine-fixture.ts';
import { systemClock } from '../runtime/clock.ts';
import { createSmallFilesPart } from './small-files-part.ts';
import { type BackupOptions, type BackupResult, takeBackup } from './take-backup.ts';

/** A data directory of one database, whose entries each have a message file named by their text, and one key. */
export interface BackupFixture extends AsyncDisposable {
  readonly root: string;
  readonly dataDirectory: string;
  readonly configDirectory: string;
  readonly engine: DatabaseEngine;
  readonly parts: DurablePart[];
  readonly reports: string[];
  addEntry(text: string): Promise<void>;
  backUp(name: string, changes?: Partial<BackupOptions>): Promise<BackupResult>;
}

interface Entry {
  text: string;
  bytes: Uint8Array;
}

function ledgerPart(): DurablePart {
  return {
    name: 'ledger',
    owns: (path) => /^ledger\.db(-wal|-shm)?$/.test(path) || path.startsWith('msg/'),
    async captureAtInstant() {},
    async expect(snapshot, dataDirectory) {
      const path = join(dataDirectory, 'ledger.db');
      const sums = await snapshot.read(path, (reader) =>
        reader.first<{ messageFiles: number; messageBytes: number }>(
          'SELECT count(*) AS messageFiles, coalesce(sum(length(text)), 0) AS messageBytes FROM entries',
        ),
      );
      return { ...sums!, databaseBytes: (await stat(path)).size };
    },
    async *capture(snapshot, dataDirectory) {
      yield { kind: 'database', path: 'ledger.db' };
      const path = join(dataDirectory, 'ledger.db');
      const entries = await snapshot.read(path, (reader) => reader.all<Entry>('SELECT text, bytes FROM entries'));
      for (let from = 0; from < entries.length; from += messageFilesAtOnce) {
        const files = entries.slice(from, from + messageFilesAtOnce).map(({ text, bytes }) => {
          const sha256 = Buffer.from(bytes).toString('hex');
          return { path: `msg/${text}`, sizeBytes: text.length, sha256, account: 'a' };
        });
        yield { kind: 'messages', files };
      }
      const bytes = entries.reduce((sum, { text }) => sum + text.length, 0);
      const mailboxes = [{ mailbox: 'Inbox', messages: entries.length, bytes }];
      yield { kind: 'counts', account: 'a', messages: entries.length, bytes, mailboxes };
    },
    async *verify(directory, { checkFiles, onCounts }): AsyncIterable<Finding> {
      const path = join(directory, 'ledger.db');
      const found = await stat(path).catch(() => undefined);
      if (found === undefined) {
        yield { severity: 'error', code: 'database-missing', message: 'ledger.db is missing' };
        return;
      }
      await using database = await openDatabaseAtRest(path, tmpdir());
      const entries = await database.reader().all<Entry>('SELECT text, bytes FROM entries');
      const problems = await checkFiles(
        entries.map(({ text, bytes }) => {
          return { path: `msg/${text}`, sizeBytes: text.length, sha256: Buffer.from(bytes).toString('hex') };
        }),
      );
      for (const { at, kind, detail } of problems) {
        const path = `msg/${entries[at]!.text}`;
        yield { severity: 'error', code: `entry-${kind}`, message: `${path} ${detail}`, path };
      }
      const bytes = entries.reduce((sum, { text }) => sum + text.length, 0);
      const mailboxes = [{ mailbox: 'Inbox', messages: entries.length, bytes }];
      onCounts?.({ account: 'a', messages: entries.length, bytes, mailboxes });
    },
  };
}

export async function createBackupFixture(): Promise<BackupFixture> {
  const root = await mkdtemp(join(tmpdir(), 'restante-backup-'));
  const dataDirectory = join(root, 'data');
  const configDirectory = join(root, 'config');
  await mkdir(join(dataDirectory, 'msg'), { recursive: true });
  await mkdir(join(configDirectory, 'keys'), { recursive: true });
  await writeFile(join(configDirectory, 'restante.yaml'), 'hostname: mail.example.org\n');
  await writeFile(join(configDirectory, 'keys', 'dkim.pem'), 'secret', { mode: 0o600 });
  await writeFile(join(dataDirectory, 'a.key'), 'key', { mode: 0o600 });
  const engine = createTestEngine();
  const database = await engine.open(ledgerKind, join(dataDirectory, 'ledger.db'));
  const parts = [createSmallFilesPart('keys', [{ path: 'a.key', required: true }]), ledgerPart()];
  const reports: string[] = [];
  return {
    root,
    dataDirectory,
    configDirectory,
    engine,
    parts,
    reports,
    async addEntry(text) {
      await writeFile(join(dataDirectory, 'msg', text), text);
      await chmod(join(dataDirectory, 'msg', text), 0o400);
      await database.write('add', { text, bytes: createHash('sha256').update(text).digest() });
    },
    backUp: (name, changes) =>
      takeBackup({
        engine,
        parts,
        dataDirectory,
        configDirectory,
        destination: join(root, name),
        messageFiles: 'link',
        software: '0.0.0-test',
        hostname: 'mail.example.org',
        clock: systemClock,
        signal: new AbortController().signal,
        report: (severity, text, fields) => reports.push(`${severity}: ${text} ${fields?.path ?? ''}`.trim()),
        ...changes,
      }),
    async [Symbol.asyncDispose]() {
      await database[Symbol.asyncDispose]();
      await engine[Symbol.asyncDispose]();
      await rm(root, { recursive: true });
    },
  };
}

export async function readText(...path: string[]): Promise<string> {
  return await readFile(join(...path), 'utf8');
}
