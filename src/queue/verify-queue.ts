import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Finding, VerifyOptions } from '../database/durable-part.ts';
import type { Reader } from '../database/engine.ts';
import { filesPerDirectory, messageFilePath } from './message-files.ts';
import type { QueueSchema } from './schema.ts';

type QueueReader = Reader<QueueSchema>;

/** Whether the rows agree with each other, as the invariants in `queue.ts` say. */
export async function* checkRows(reader: QueueReader): AsyncIterable<Finding> {
  const lonely = await count(reader, 'message m', 'NOT EXISTS (SELECT 1 FROM recipient WHERE message_id = m.id)');
  if (lonely > 0) {
    yield error('queue-message-without-recipient', `${lonely} messages in the queue have no recipient`);
  }
  const undue = await count(
    reader,
    '(SELECT domain, min(next_attempt_at) AS at FROM recipient WHERE held = 0 GROUP BY domain) r',
    'NOT EXISTS (SELECT 1 FROM destination d WHERE d.domain = r.domain AND d.next_attempt_at = r.at)',
  );
  const idle = await count(
    reader,
    'destination d',
    'NOT EXISTS (SELECT 1 FROM recipient WHERE domain = d.domain AND held = 0)',
  );
  if (undue + idle > 0) {
    yield error('queue-destination-wrong', `${undue + idle} destinations are not due when their recipients are`);
  }
  const reused = await count(reader, 'message m', 'm.id >= (SELECT id FROM next_id WHERE one = 1)');
  if (reused > 0) yield error('queue-id-not-reserved', `${reused} messages have an id that would be used again`);
  const erased = await count(reader, 'message m', 'm.id IN (SELECT message_id FROM erase)');
  if (erased > 0) yield error('queue-file-to-be-erased', `${erased} messages in the queue have a file to be erased`);
}

/** Whether each message has its file, and each file its message. A directory of files at a time is in memory. */
export async function* checkMessageFiles(
  reader: QueueReader,
  directory: string,
  options: VerifyOptions,
): AsyncIterable<Finding> {
  const inRows = await reader.all<{ number: number }>(
    `SELECT DISTINCT id / ${filesPerDirectory} AS number FROM message`,
  );
  const names = await readdir(join(directory, 'queue/msg')).catch(() => []);
  const onDisk = names.filter((name) => /^\d{1,13}$/.test(name)).map(Number);
  const numbers = new Set([...inRows.map(({ number }) => number), ...onDisk]);
  for (const number of [...numbers].sort((one, other) => one - other)) {
    options.signal.throwIfAborted();
    yield* checkDirectory(reader, directory, number, options);
  }
}

async function* checkDirectory(
  reader: QueueReader,
  directory: string,
  number: number,
  options: VerifyOptions,
): AsyncIterable<Finding> {
  const first = number * filesPerDirectory;
  const rows = await reader.all<{ id: number; account: string | null; size_bytes: number; sha256: Uint8Array }>(
    'SELECT id, account, size_bytes, sha256 FROM message WHERE id BETWEEN ? AND ?',
    [first, first + filesPerDirectory - 1],
  );
  const names = await readdir(join(directory, `queue/msg/${number}`)).catch(() => []);
  const orphans = new Set(names.filter((name) => /^\d{1,16}$/.test(name)).map(Number));
  for (const row of rows) {
    orphans.delete(row.id);
    const path = messageFilePath(row.id);
    const whose = row.account === null ? '' : ` of account "${row.account}"`;
    const found = await lstat(join(directory, path)).catch(() => undefined);
    if (found === undefined) {
      yield error('queue-file-missing', `Message ${row.id}${whose} in the queue has lost its file`, path);
    } else if (!found.isFile()) {
      yield error('queue-file-changed', `Message ${row.id}${whose} in the queue has no regular file`, path);
    } else if (found.size !== row.size_bytes) {
      const sizes = `its file has ${found.size} bytes instead of ${row.size_bytes}`;
      yield error('queue-file-size', `Message ${row.id}${whose} in the queue was changed: ${sizes}`, path);
    } else if (options.readMessages && !(await hasSha256(join(directory, path), row.sha256, options.signal))) {
      yield error('queue-file-changed', `Message ${row.id}${whose} in the queue was changed: SHA-256 differs`, path);
    }
  }
  for (const id of orphans) {
    const expected = await reader.first(
      'SELECT 1 FROM erase WHERE message_id = ? UNION ALL SELECT 1 FROM reserved WHERE ? BETWEEN first AND last',
      [id, id],
    );
    const path = messageFilePath(id);
    yield expected === undefined
      ? { severity: 'warning', code: 'queue-file-unknown', message: `No message in the queue has file ${id}`, path }
      : { severity: 'note', code: 'queue-file-leftover', message: `File ${id} goes at the next start`, path };
  }
}

async function hasSha256(path: string, sha256: Uint8Array, signal: AbortSignal): Promise<boolean> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash, { signal });
  return hash.digest().equals(sha256);
}

async function count(reader: QueueReader, from: string, where: string): Promise<number> {
  const row = await reader.first<{ count: number }>(`SELECT count(*) AS count FROM ${from} WHERE ${where}`);
  return row?.count ?? 0;
}

function error(code: string, message: string, path?: string): Finding {
  return { severity: 'error', code, message, ...(path === undefined ? {} : { path }) };
}
