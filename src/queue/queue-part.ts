import { existsSync, statSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseError } from '../database/database-error.ts';
import type { CapturedMessage, DurablePart, Finding, ToReview, VerifyOptions } from '../database/durable-part.ts';
import type { DatabaseEngine } from '../database/engine.ts';
import { type DatabaseAtRest, openDatabaseAtRest } from '../database/open-at-rest.ts';
import { RestanteError } from '../runtime/errors.ts';
import { limits } from '../runtime/limits.ts';
import { messageFileId, messageFilePath } from './message-files.ts';
import { queueDatabase, queueDatabasePath } from './queue-database.ts';
import { migrations, type QueueSchema } from './schema.ts';
import { checkMessageFiles, checkRows } from './verify-queue.ts';

const pageSize = 1000;

/** The queue's database and message files, for backups. */
export function createQueuePart(): DurablePart {
  return {
    name: 'queue',
    owns: (path) => /^queue\/index\.db(?:-wal|-shm|-journal)?$/.test(path) || messageFileId(path) !== undefined,
    async captureAtInstant() {},
    async expect(snapshot, dataDirectory) {
      const path = join(dataDirectory, queueDatabasePath);
      if (!existsSync(path)) return { messageFiles: 0, messageBytes: 0, databaseBytes: 0 };
      const sums = await snapshot
        .read<QueueSchema, { files: number; bytes: number }>(
          path,
          async (reader) =>
            (await reader.first('SELECT count(*) AS files, coalesce(sum(size_bytes), 0) AS bytes FROM message'))!,
        )
        // Taking it will say what is wrong with it.
        .catch(() => ({ files: 0, bytes: 0 }));
      return { messageFiles: sums.files, messageBytes: sums.bytes, databaseBytes: statSync(path).size };
    },
    async *capture(snapshot, dataDirectory) {
      const path = join(dataDirectory, queueDatabasePath);
      if (!existsSync(path)) return;
      yield { kind: 'database', path: queueDatabasePath };
      for (let after = -1; ; ) {
        const rows = await snapshot.read<QueueSchema, MessageFileRow[]>(path, (reader) =>
          reader.all('SELECT id, account, size_bytes, sha256 FROM message WHERE id > ? ORDER BY id LIMIT ?', [
            after,
            pageSize,
          ]),
        );
        if (rows.length > 0) yield { kind: 'messages', files: rows.map(captured) };
        const last = rows.at(-1);
        if (last === undefined || rows.length < pageSize) return;
        after = last.id;
      }
    },
    async *verify(directory, options) {
      const path = join(options.databases ?? directory, queueDatabasePath);
      if (!existsSync(path)) {
        const files = await readdir(join(directory, 'queue/msg')).catch(() => []);
        if (files.length > 0) yield missingDatabase;
        return;
      }
      const temporary = await mkdtemp(join(tmpdir(), 'restante-verify-'));
      try {
        yield* verifyQueue(path, temporary, directory, options);
      } finally {
        await rm(temporary, { recursive: true, force: true });
      }
    },
    toReview: mayHaveBeenSent,
    afterRestore,
  };
}

/** Recipients that were about to be sent to when the backup was taken: those held then were not. */
async function* mayHaveBeenSent(directory: string): AsyncGenerator<ToReview> {
  const path = join(directory, queueDatabasePath);
  if (!existsSync(path)) return;
  const temporary = await mkdtemp(join(tmpdir(), 'restante-queue-'));
  try {
    await using database = await openDatabaseAtRest(path, temporary);
    if (database.userVersion === 0) return;
    await using newest = await database.newest(migrations, temporary);
    const reader = newest.reader<QueueSchema>();
    for (let after = 0; ; ) {
      const rows = await reader.all<ReviewRow>(
        `SELECT r.id, r.address AS recipient, m.sender, m.account, m.subject, m.message_id_header AS messageId,
         m.queued_at AS queuedAt, r.attempts FROM recipient r JOIN message m ON m.id = r.message_id
         WHERE r.held = 0 AND r.id > ? ORDER BY r.id LIMIT ?`,
        [after, pageSize],
      );
      for (const { queuedAt, ...row } of rows) {
        const at = new Date(queuedAt).toISOString();
        const text = `${row.id}: from <${row.sender}> to <${row.recipient}>, queued ${at}, subject "${row.subject}"`;
        yield { text, fields: { ...row, queuedAt: at } };
      }
      const last = rows.at(-1);
      if (last === undefined || rows.length < pageSize) return;
      after = last.id;
    }
  } catch (error) {
    // Verifying names a database that can't be read.
    if (!(error instanceof DatabaseError)) throw error;
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

interface ReviewRow {
  id: number;
  recipient: string;
  sender: string;
  account: string | null;
  subject: string;
  messageId: string;
  queuedAt: number;
  attempts: number;
}

async function* verifyQueue(
  path: string,
  temporary: string,
  directory: string,
  options: VerifyOptions,
): AsyncGenerator<Finding> {
  let database: DatabaseAtRest;
  try {
    database = await openDatabaseAtRest(path, temporary, options.askInThread);
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    const { code, message } = error;
    yield { severity: 'error', code, message, path: queueDatabasePath, hint: 'Restore it from a backup.' };
    return;
  }
  try {
    const findings = await database.check({ migrations, signal: options.signal });
    yield* findings;
    if (findings.some(({ severity }) => severity === 'error')) return;
    // Without tables it was just being made, or has lost all it held.
    if (database.userVersion === 0) {
      const files = await readdir(join(directory, 'queue/msg')).catch(() => []);
      if (files.length > 0) yield missingDatabase;
      return;
    }
    await using newest = await database.newest(migrations, temporary);
    const reader = newest.reader<QueueSchema>();
    yield* checkRows(reader);
    yield* checkMessageFiles(reader, directory, options);
  } finally {
    await database[Symbol.asyncDispose]();
  }
}

interface MessageFileRow {
  id: number;
  account: string | null;
  size_bytes: number;
  sha256: Uint8Array;
}

function captured(row: MessageFileRow): CapturedMessage {
  return {
    path: messageFilePath(row.id),
    sizeBytes: row.size_bytes,
    sha256: Buffer.from(row.sha256).toString('hex'),
    ...(row.account === null ? {} : { account: row.account }),
  };
}

const missingDatabase: Finding = {
  severity: 'error',
  code: 'queue-database-missing',
  message: 'The queue has message files and no database: nobody knows who they are for',
  path: queueDatabasePath,
  hint: 'restore the data directory from a backup',
};

async function afterRestore(engine: DatabaseEngine, directory: string): Promise<Finding[]> {
  const path = join(directory, queueDatabasePath);
  if (!existsSync(path)) return [];
  try {
    return await holdAll(engine, path);
  } catch (error) {
    // Only a restore that was told to take what there is comes here with it: the accounts are worth more than the queue.
    if (!(error instanceof RestanteError) || !error.code.startsWith('database-')) throw error;
    const { code, message } = error;
    const hint = 'Remove "queue" from the restored data directory: the server then starts with an empty one.';
    return [{ severity: 'error', code, message: `The queue is lost: ${message}`, path: queueDatabasePath, hint }];
  }
}

/** What waited at the instant of the backup may have been sent since: it waits for a person to look at it. */
async function holdAll(engine: DatabaseEngine, path: string): Promise<Finding[]> {
  await using database = await engine.open(queueDatabase, path);
  let held = 0;
  for (let after: number | undefined = 0; after !== undefined; ) {
    const step: { count: number; after: number | undefined } = await database.write('setHeld', {
      filter: { held: false },
      after,
      limit: limits.queueChangeStep,
      held: true,
    });
    held += step.count;
    after = step.after;
  }
  if (held === 0) return [];
  return [
    {
      severity: 'note',
      code: 'queue-held',
      message: `${held} recipients in the queue are held: mail to them may have been sent after the backup was taken`,
      hint: 'look at them with "restante queue list", then "restante queue unhold" or "restante queue drop"',
    },
  ];
}
