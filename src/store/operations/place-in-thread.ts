import { limits } from '../../runtime/limits.ts';
import type { AccountTransactor } from './account-change.ts';

/** What decides on a message's thread. Hashes of Message-IDs and base subject, 53 bits. */
export interface ThreadFacts {
  readonly messageIdHash: number | null;
  /** References, then In-Reply-To when it is not among them: the last is the message that this one answers. Without its own. */
  readonly referenceHashes: readonly number[];
  /** Null for an empty base subject. */
  readonly subjectHash: number | null;
  /** The subject had a mark of a reply or forward. */
  readonly isReply: boolean;
}

export interface ThreadPlace {
  readonly threadId: number;
  readonly parentId: number | null;
  readonly parentHash: number | null;
  readonly missingLink: boolean;
}

interface KnownId {
  hash: number;
  thread_id: number;
  content_id: number | null;
}

/** Threads that one message may join; a message with forged References can't make it more. */
const maxMergedThreads = 10;
const maxAdopted = 100;
const maxAncestors = 1000;

/**
 * Finds the thread of a message: that of a message it refers to, or that refers to it or to one of the same; else, for a reply, that
 * which used its base subject lately; else a new one with the content's id. Messages may come in any order: threads that turn out
 * to be one are merged, and answers that waited for this message get it as parent.
 * Source: RFC 5256 §3 (REFERENCES), with a time window for subjects
 */
export async function placeInThread(
  transactor: AccountTransactor,
  contentId: number,
  now: number,
  facts: ThreadFacts,
): Promise<ThreadPlace> {
  const { messageIdHash, referenceHashes, subjectHash } = facts;
  const known = await knownIds(transactor, messageIdHash, referenceHashes);
  const threads = new Set<number>();
  for (const row of known.values()) {
    row.thread_id = await currentThread(transactor, row.thread_id);
    threads.add(row.thread_id);
  }
  let threadId: number;
  if (threads.size > 0) {
    threadId = await mergeThreads(transactor, [...threads]);
  } else {
    threadId = (facts.isReply ? await threadOfSubject(transactor, subjectHash, now) : undefined) ?? contentId;
  }

  for (const hash of referenceHashes) {
    if (!known.has(hash)) {
      await transactor.run('INSERT OR IGNORE INTO message_ids (hash, thread_id) VALUES (?, ?)', [hash, threadId]);
    }
  }
  if (subjectHash !== null) {
    await transactor.run(
      `INSERT INTO subject_threads (hash, thread_id, used_at) VALUES (?, ?, ?)
       ON CONFLICT (hash) DO UPDATE SET thread_id = excluded.thread_id, used_at = excluded.used_at`,
      [subjectHash, threadId, now],
    );
  }

  const parentHash = referenceHashes.at(-1) ?? null;
  let parentId: number | null = null;
  for (let i = referenceHashes.length - 1; i >= 0 && parentId === null; i--) {
    const row = known.get(referenceHashes[i]!);
    if (row === undefined || row.content_id === null) continue;
    if ((await threadOfContent(transactor, row.content_id)) === threadId) parentId = row.content_id;
  }
  const missingLink = parentHash !== null && (parentId === null || known.get(parentHash)?.content_id !== parentId);

  if (messageIdHash !== null) {
    const own = known.get(messageIdHash);
    if (own === undefined) {
      await transactor.run('INSERT INTO message_ids (hash, thread_id, content_id) VALUES (?, ?, ?)', [
        messageIdHash,
        threadId,
        contentId,
      ]);
    } else if (own.content_id === null) {
      await transactor.run('UPDATE message_ids SET content_id = ?, thread_id = ? WHERE hash = ?', [
        contentId,
        threadId,
        messageIdHash,
      ]);
      await adoptAnswers(transactor, contentId, messageIdHash, threadId, parentId);
    }
  }
  return { threadId, parentId, parentHash, missingLink };
}

async function knownIds(
  transactor: AccountTransactor,
  own: number | null,
  references: readonly number[],
): Promise<Map<number, KnownId>> {
  if (references.length === 0) {
    if (own === null) return new Map();
    const row = await transactor.first<KnownId>('SELECT hash, thread_id, content_id FROM message_ids WHERE hash = ?', [
      own,
    ]);
    return new Map(row === undefined ? [] : [[row.hash, row]]);
  }
  const hashes = own === null ? references : [own, ...references];
  const rows = await transactor.all<KnownId>(
    'SELECT hash, thread_id, content_id FROM message_ids WHERE hash IN (SELECT value FROM json_each(?))',
    [JSON.stringify(hashes)],
  );
  return new Map(rows.map((row) => [row.hash, row]));
}

async function currentThread(transactor: AccountTransactor, threadId: number): Promise<number> {
  const merged = await transactor.first<{ into_id: number }>('SELECT into_id FROM thread_merges WHERE id = ?', [
    threadId,
  ]);
  return merged?.into_id ?? threadId;
}

async function threadOfContent(transactor: AccountTransactor, contentId: number): Promise<number | undefined> {
  const row = await transactor.first<{ thread_id: number }>('SELECT thread_id FROM contents WHERE id = ?', [contentId]);
  return row?.thread_id;
}

/** Merges into the oldest thread those that are small enough. @returns the oldest */
async function mergeThreads(transactor: AccountTransactor, threads: number[]): Promise<number> {
  threads.sort((a, b) => a - b);
  const [target, ...others] = threads;
  for (const other of others.slice(0, maxMergedThreads)) {
    const { count } = (await transactor.first<{ count: number }>(
      'SELECT count(*) AS count FROM (SELECT 1 FROM contents WHERE thread_id = ? LIMIT ?)',
      [other, limits.threadMergeMessages + 1],
    ))!;
    if (count > limits.threadMergeMessages) continue;
    await transactor.run(
      `UPDATE messages SET thread_id = ? WHERE (mailbox_id, uid) IN (
         SELECT mailbox_id, uid FROM contents CROSS JOIN messages ON content_id = contents.id AND expunged = 0
         WHERE contents.thread_id = ?)`,
      [target!, other],
    );
    await transactor.run(
      'UPDATE contents SET given_thread_id = coalesce(given_thread_id, thread_id), thread_id = ? WHERE thread_id = ?',
      [target!, other],
    );
    await transactor.run('UPDATE thread_merges SET into_id = ? WHERE into_id = ?', [target!, other]);
    await transactor.run('INSERT INTO thread_merges (id, into_id) VALUES (?, ?)', [other, target!]);
  }
  return target!;
}

async function threadOfSubject(
  transactor: AccountTransactor,
  subjectHash: number | null,
  now: number,
): Promise<number | undefined> {
  if (subjectHash === null) return undefined;
  const row = await transactor.first<{ thread_id: number }>(
    'SELECT thread_id FROM subject_threads WHERE hash = ? AND used_at >= ?',
    [subjectHash, now - limits.threadSubjectWindowMs],
  );
  return row === undefined ? undefined : await currentThread(transactor, row.thread_id);
}

/** Gives this message to those that named it as what they answer, unless they are above it already. */
async function adoptAnswers(
  transactor: AccountTransactor,
  contentId: number,
  hash: number,
  threadId: number,
  parentId: number | null,
): Promise<void> {
  const answers = await transactor.all<{ id: number }>(
    'SELECT id FROM contents WHERE parent_hash = ? AND missing_link = 1 AND thread_id = ? LIMIT ?',
    [hash, threadId, maxAdopted],
  );
  if (answers.length === 0) return;
  const above = await transactor.all<{ id: number }>(
    `WITH RECURSIVE above (id) AS (
       SELECT ? UNION SELECT parent_id FROM above JOIN contents ON contents.id = above.id WHERE parent_id IS NOT NULL
     ) SELECT id FROM above LIMIT ?`,
    [parentId, maxAncestors],
  );
  if (above.length === maxAncestors) return;
  const ancestors = new Set(above.map(({ id }) => id));
  await transactor.runEach(
    'UPDATE contents SET parent_id = ?, missing_link = 0 WHERE id = ?',
    answers.filter(({ id }) => !ancestors.has(id)).map(({ id }) => [contentId, id]),
  );
}
