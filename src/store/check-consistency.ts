import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Finding } from '../database/durable-part.ts';
import type { AccountDatabaseReader } from './account-database.ts';
import { messageFilePath } from './message-files.ts';

interface CheckOptions {
  readonly account: string;
  /** Of the account, absolute. */
  readonly directory: string;
  /** The same as findings name it: relative to what is checked; may be empty. */
  readonly path: string;
  /** Also compares the SHA-256 of every file. */
  readonly readMessages: boolean;
  readonly signal?: AbortSignal;
}

interface ContentRow {
  id: number;
  sha256: Buffer;
  file_size: number;
  erased: number;
  live: number;
}

/** Rows of one rule that are named one by one. */
const maxNamed = 20;

/**
 * Checks everything that must hold of an account: rows among each other, and rows with files. Changes nothing; memory doesn't grow
 * with the account.
 */
export async function* checkConsistency(reader: AccountDatabaseReader, options: CheckOptions): AsyncGenerator<Finding> {
  const account = await reader.first<{ next_uid_validity: number; modseq: number }>('SELECT * FROM account');
  if (account === undefined) {
    // Made, but a crash came before its first row.
    const message = `Account "${options.account}" has never been used`;
    yield { severity: 'note', code: 'account-empty', message, path: options.path };
    return;
  }
  for (const rule of rules) {
    options.signal?.throwIfAborted();
    const rows = await reader.all<{ what: string }>(`${rule.sql} LIMIT ${maxNamed}`);
    for (const { what } of rows) {
      yield {
        severity: 'error',
        code: rule.code,
        message: `Account "${options.account}": ${what}`,
        path: options.path === '' ? 'index.db' : `${options.path}/index.db`,
      };
    }
  }
  yield* checkFiles(reader, options);
}

const rules: readonly { readonly code: string; readonly sql: string }[] = [
  {
    code: 'uidvalidity-not-below-next',
    sql: `SELECT 'UIDVALIDITY ' || uid_validity || ' of mailbox "' || name || '" is not below the next' AS what
      FROM mailboxes, account WHERE uid_validity >= next_uid_validity`,
  },
  {
    code: 'uidvalidity-twice',
    sql: `SELECT 'UIDVALIDITY ' || uid_validity || ' is given to ' || count(*) || ' mailboxes' AS what
      FROM mailboxes GROUP BY uid_validity HAVING count(*) > 1`,
  },
  {
    code: 'uidvalidity-below-earlier',
    sql: `SELECT 'UIDVALIDITY of mailbox "' || mailboxes.name || '" is below an earlier one of that name' AS what
      FROM mailboxes LEFT JOIN mailbox_names ON mailbox_names.name = mailboxes.name
      WHERE expunged = 0 AND mailbox_names.uid_validity IS NOT mailboxes.uid_validity`,
  },
  {
    code: 'mailbox-parent',
    sql: `SELECT 'mailbox "' || child.name || '" has the wrong parent' AS what
      FROM mailboxes AS child LEFT JOIN mailboxes AS parent ON parent.id = child.parent_id AND parent.expunged = 0
      WHERE child.expunged = 0 AND CASE WHEN instr(child.name, '/') = 0 THEN child.parent_id IS NOT NULL
      ELSE parent.id IS NULL OR substr(child.name, 1, length(parent.name) + 1) <> parent.name || '/'
        OR instr(substr(child.name, length(parent.name) + 2), '/') > 0 END`,
  },
  {
    code: 'inbox-missing',
    sql: `SELECT 'mailbox "Inbox" is missing' AS what
      WHERE NOT EXISTS (SELECT 1 FROM mailboxes WHERE name = 'Inbox' AND expunged = 0)`,
  },
  {
    code: 'modseq-mailbox',
    sql: `SELECT 'MODSEQ ' || mailboxes.modseq || ' of mailbox "' || name || '" is out of range' AS what
      FROM mailboxes, account WHERE mailboxes.modseq < create_seq OR mailboxes.modseq > account.modseq`,
  },
  {
    code: 'modseq-message',
    sql: `SELECT 'MODSEQ ' || messages.modseq || ' of message ' || uid || ' in mailbox "' || name || '" is out of range' AS what
      FROM messages JOIN mailboxes ON id = mailbox_id
      WHERE messages.modseq < messages.create_seq OR messages.modseq > mailboxes.modseq`,
  },
  {
    code: 'uid-not-below-next',
    sql: `SELECT 'UID ' || uid || ' in mailbox "' || name || '" is not below UIDNEXT' AS what
      FROM mailboxes JOIN messages ON mailbox_id = id AND uid >= uid_next`,
  },
  {
    code: 'message-in-expunged-mailbox',
    sql: `SELECT 'message ' || uid || ' is in the deleted mailbox "' || name || '"' AS what
      FROM mailboxes JOIN messages ON mailbox_id = id AND messages.expunged = 0 WHERE mailboxes.expunged = 1`,
  },
  {
    code: 'mailbox-counts',
    sql: `WITH counted (mailbox_id, messages, unseen, deleted, size) AS (
        SELECT mailbox_id, count(*), sum(flags & 1 = 0), sum(flags & 8 <> 0), sum(size)
        FROM messages WHERE expunged = 0 GROUP BY mailbox_id)
      SELECT 'counts of mailbox "' || name || '" are wrong' AS what
      FROM mailboxes AS m LEFT JOIN counted AS c ON c.mailbox_id = m.id
      WHERE m.messages <> coalesce(c.messages, 0) OR m.unseen <> coalesce(c.unseen, 0)
        OR m.deleted <> coalesce(c.deleted, 0) OR m.size <> coalesce(c.size, 0)`,
  },
  {
    code: 'account-counts',
    sql: `SELECT 'it has ' || counted.messages || ' messages of ' || counted.size || ' bytes; recorded are ' || account.messages ||
      ' of ' || used_bytes AS what
      FROM account, (SELECT coalesce(sum(messages), 0) AS messages, coalesce(sum(size), 0) AS size FROM mailboxes) AS counted
      WHERE counted.messages <> account.messages OR counted.size <> used_bytes`,
  },
  {
    code: 'message-without-content',
    sql: `SELECT 'message ' || uid || ' in mailbox ' || mailbox_id || ' has no content' AS what
      FROM messages LEFT JOIN contents ON contents.id = content_id WHERE expunged = 0 AND contents.id IS NULL`,
  },
  {
    code: 'message-size',
    sql: `SELECT 'message ' || uid || ' in mailbox ' || mailbox_id || ' has another size than its content' AS what
      FROM messages JOIN contents ON contents.id = content_id WHERE expunged = 0 AND size <> file_size + length(prefix)`,
  },
  {
    code: 'message-keyword',
    sql: `SELECT 'message ' || uid || ' in mailbox "' || name || '" has keyword "' || used.value || '", which the mailbox lacks' AS what
      FROM mailboxes JOIN messages ON mailbox_id = mailboxes.id AND messages.expunged = 0 AND messages.keywords IS NOT NULL
      JOIN json_each(messages.keywords) AS used
      WHERE used.value NOT IN (SELECT known.value FROM json_each(mailboxes.keywords) AS known)`,
  },
  {
    code: 'content-erase',
    sql: `SELECT 'content ' || id || CASE WHEN erase.content_id IS NULL THEN ' has no message, and is not to be erased'
      ELSE ' has a message, and is to be erased' END AS what
      FROM contents LEFT JOIN erase ON erase.content_id = id
      WHERE EXISTS (SELECT 1 FROM messages WHERE messages.content_id = id AND expunged = 0) = (erase.content_id IS NOT NULL)`,
  },
  {
    code: 'erase-without-content',
    sql: `SELECT 'content ' || content_id || ', which is to be erased, does not exist' AS what
      FROM erase WHERE content_id NOT IN (SELECT id FROM contents)`,
  },
  {
    code: 'content-id-not-below-next',
    sql: `SELECT 'content ' || contents.id || ' is not below the next id' AS what
      FROM contents, account WHERE contents.id >= next_content_id`,
  },
  {
    code: 'thread-of-message',
    sql: `SELECT 'message ' || uid || ' in mailbox ' || mailbox_id || ' is in another thread than its content' AS what
      FROM messages JOIN contents ON contents.id = content_id WHERE expunged = 0 AND messages.thread_id <> contents.thread_id`,
  },
  {
    code: 'thread-parent',
    sql: `SELECT 'content ' || child.id || ' has a parent in another thread, or none' AS what
      FROM contents AS child LEFT JOIN contents AS parent ON parent.id = child.parent_id
      WHERE child.parent_id IS NOT NULL AND parent.thread_id IS NOT child.thread_id`,
  },
  {
    code: 'thread-cycle',
    sql: `SELECT 'content ' || id || ' is its own ancestor, or below one' AS what FROM contents
      WHERE parent_id IS NOT NULL AND id NOT IN (
        WITH RECURSIVE rooted (id) AS (
          SELECT id FROM contents WHERE parent_id IS NULL
          UNION ALL SELECT contents.id FROM rooted JOIN contents ON contents.parent_id = rooted.id
        ) SELECT id FROM rooted)`,
  },
  {
    code: 'thread-missing-link',
    sql: `SELECT 'content ' || id || ' waits for a message, but for none in particular' AS what
      FROM contents WHERE missing_link = 1 AND parent_hash IS NULL`,
  },
  {
    code: 'thread-merged-twice',
    sql: `SELECT 'thread ' || id || ' was merged into one that was merged itself' AS what
      FROM thread_merges WHERE into_id IN (SELECT id FROM thread_merges)`,
  },
];

/** Rows and files, directory by directory. */
async function* checkFiles(reader: AccountDatabaseReader, options: CheckOptions): AsyncGenerator<Finding> {
  const within = (path: string): string => (options.path === '' ? path : `${options.path}/${path}`);
  const error = (code: string, path: string, message: string): Finding => ({
    severity: 'error',
    code,
    message: `Account "${options.account}": ${message}`,
    path: within(path),
  });
  const blocks = await reader.all<{ first: number; last: number }>('SELECT first, last FROM content_blocks');
  const directories = await directoriesOf(join(options.directory, 'msg'));
  for (const name of directories.foreign)
    yield error('file-unknown', `msg/${name}`, `"msg/${name}" does not belong there`);
  const withRows = await reader.all<{ directory: number }>('SELECT DISTINCT id / 1024 AS directory FROM contents');
  const numbers = new Set([...directories.numbers, ...withRows.map(({ directory }) => directory)]);
  for (const number of [...numbers].sort((a, b) => a - b)) {
    options.signal?.throwIfAborted();
    const found = await directoriesOf(join(options.directory, 'msg', String(number)));
    const files = new Set(found.numbers);
    for (const name of found.foreign) {
      yield error('file-unknown', `msg/${number}/${name}`, `"msg/${number}/${name}" does not belong there`);
    }
    const rows = await reader.all<ContentRow>(
      `SELECT id, sha256, file_size, erase.content_id IS NOT NULL AS erased,
       EXISTS (SELECT 1 FROM messages WHERE messages.content_id = id AND expunged = 0) AS live
       FROM contents LEFT JOIN erase ON erase.content_id = id WHERE id BETWEEN ? AND ?`,
      [number * 1024, number * 1024 + 1023],
    );
    for (const row of rows) {
      const path = messageFilePath(row.id);
      if (!files.delete(row.id)) {
        if (row.live === 1) yield error('message-file-missing', path, `message file "${path}" is missing`);
        continue;
      }
      const detail = await compareFile(join(options.directory, path), row, options.readMessages);
      if (detail !== undefined) yield error('message-file-differs', path, `message file "${path}" ${detail}`);
    }
    for (const id of files) {
      const path = messageFilePath(id);
      if (Math.floor(id / 1024) !== number) {
        yield error('file-unknown', `msg/${number}/${id}`, `"msg/${number}/${id}" does not belong there`);
      } else if (blocks.some(({ first, last }) => id >= first && id <= last)) {
        const message = `Account "${options.account}": "${path}" was left by a crash; the next opening removes it`;
        yield { severity: 'note', code: 'message-file-left', message, path: within(path) };
      } else {
        yield error('message-file-unreferenced', path, `message file "${path}" belongs to no message`);
      }
    }
  }
}

/** Entries of a directory whose names are plain numbers, and others. */
async function directoriesOf(path: string): Promise<{ numbers: number[]; foreign: string[] }> {
  const numbers: number[] = [];
  const foreign: string[] = [];
  let names: string[] = [];
  try {
    names = await readdir(path);
  } catch (error) {
    // Without messages there may be none; with messages, each file is reported missing.
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  for (const name of names) {
    if (/^(0|[1-9]\d{0,14})$/.test(name)) numbers.push(Number(name));
    else foreign.push(name);
  }
  return { numbers, foreign };
}

async function compareFile(path: string, row: ContentRow, read: boolean): Promise<string | undefined> {
  const found = await lstat(path);
  if (!found.isFile()) return 'is not a regular file';
  const { size } = found;
  if (size !== row.file_size) return `has ${size} bytes, not ${row.file_size}`;
  if (!read) return undefined;
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) hash.update(chunk);
  return hash.digest().equals(row.sha256) ? undefined : 'has another content than when it was stored (SHA-256 differs)';
}
