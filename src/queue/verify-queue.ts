import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
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
  const problems = await options.checkFiles(
    rows.map((row) => ({
      path: messageFilePath(row.id),
      sizeBytes: row.size_bytes,
      sha256: Buffer.from(row.sha256).toString('hex'),
    })),
  );
  for (const { at, kind, detail } of problems) {
    const { id, account } = rows[at]!;
    const whose = account === null ? '' : ` of account "${account}"`;
    const code = kind === 'missing' ? 'queue-file-missing' : 'queue-file-changed';
    const finding = error(code, `Message ${id}${whose} in the queue: its file ${detail}`, messageFilePath(id));
    yield account === null ? finding : { ...finding, account };
  }
  for (const { id } of rows) orphans.delete(id);
  const { id: nextId } = (await reader.first<{ id: number }>('SELECT id FROM next_id'))!;
  for (const id of orphans) {
    if (options.live && id >= nextId) continue;
    const expected = await reader.first(
      'SELECT 1 FROM erase WHERE message_id = ? UNION ALL SELECT 1 FROM reserved WHERE ? BETWEEN first AND last',
      [id, id],
    );
    const path = messageFilePath(id);
    if (expected === undefined) {
      const message = `No message in the queue has file ${id}`;
      const hint = 'restante verifydata --fix moves it away';
      yield { severity: 'warning', code: 'queue-file-unknown', message, path, isUnreferenced: true, hint };
    } else if (!options.live) {
      yield { severity: 'note', code: 'queue-file-leftover', message: `File ${id} goes at the next start`, path };
    }
  }
}

async function count(reader: QueueReader, from: string, where: string): Promise<number> {
  const row = await reader.first<{ count: number }>(`SELECT count(*) AS count FROM ${from} WHERE ${where}`);
  return row?.count ?? 0;
}

function error(code: string, message: string, path?: string): Finding {
  const hint =
    path === undefined
      ? 'Restore the queue from a backup, or remove "queue": the server then starts with an empty one.'
      : 'restante queue drop removes the message from the queue, if nobody has its file';
  return { severity: 'error', code, message, ...(path === undefined ? {} : { path }), hint };
}
