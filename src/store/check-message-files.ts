import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { FileProblem, Finding } from '../database/durable-part.ts';
import type { AccountDatabaseReader } from './account-database.ts';
import type { CheckOptions } from './check-consistency.ts';
import { checkFacts } from './check-facts.ts';
import { filesPerDirectory, messageFilePath } from './message-files.ts';

interface ContentRow {
  id: number;
  /** Hex: SQLite makes that quicker than a buffer. */
  sha256: string;
  file_size: number;
  erased: number;
}

/** Of the messages, one in so many is parsed again unless all are. */
const sampleOneIn = 64;

/** Rows and files of an account, directory by directory. */
export async function* checkMessageFiles(
  reader: AccountDatabaseReader,
  options: CheckOptions,
): AsyncGenerator<Finding> {
  const { account } = options;
  const within = (path: string): string => (options.path === '' ? path : `${options.path}/${path}`);
  const foreign = (path: string): Finding => ({
    severity: 'error',
    code: 'file-unknown',
    message: `Account "${account}": "${path}" does not belong there`,
    path: within(path),
    account,
    isUnreferenced: true,
    hint: moveHint,
  });
  const directories = await entriesOf(join(options.directory, 'msg'));
  for (const name of directories.foreign) yield foreign(`msg/${name}`);
  const withRows = await reader.all<{ directory: number }>(
    `SELECT DISTINCT id / ${filesPerDirectory} AS directory FROM contents`,
  );
  const numbers = new Set([...directories.numbers, ...withRows.map(({ directory }) => directory)]);
  let before: CheckedDirectory | undefined;
  for (const number of [...numbers].sort((a, b) => a - b)) {
    options.signal?.throwIfAborted();
    const found = await entriesOf(join(options.directory, 'msg', String(number)));
    const files = new Set(found.numbers);
    for (const name of found.foreign) yield foreign(`msg/${number}/${name}`);
    const first = number * filesPerDirectory;
    const rows = await reader.all<ContentRow>(
      `SELECT id, lower(hex(sha256)) AS sha256, file_size, erase.content_id IS NOT NULL AS erased
       FROM contents LEFT JOIN erase ON erase.content_id = id WHERE id BETWEEN ? AND ?`,
      [first, first + filesPerDirectory - 1],
    );
    const expected = rows.filter(({ erased }) => erased === 0);
    const problems = options.checkFiles(
      expected.map(({ id, file_size: sizeBytes, sha256 }) => {
        return { path: within(messageFilePath(id)), sizeBytes, sha256 };
      }),
    );
    // Awaited when the next directory's are under way: until then nobody else minds its failure.
    problems.catch(() => {});
    for (const { id } of rows) files.delete(id);
    for (const id of files) {
      if (Math.floor(id / filesPerDirectory) === number) yield* unreferenced(reader, options, id, within);
      else yield foreign(`msg/${number}/${id}`);
    }
    if (before !== undefined) yield* findingsOf(reader, before, options, within);
    before = { expected, problems };
  }
  if (before !== undefined) yield* findingsOf(reader, before, options, within);
}

interface CheckedDirectory {
  readonly expected: readonly ContentRow[];
  readonly problems: Promise<readonly FileProblem[]>;
}

async function* findingsOf(
  reader: AccountDatabaseReader,
  { expected, problems }: CheckedDirectory,
  options: CheckOptions,
  within: (path: string) => string,
): AsyncGenerator<Finding> {
  const wrong = new Set<number>();
  for (const problem of await problems) {
    const { id } = expected[problem.at]!;
    wrong.add(id);
    yield await fileFinding(reader, { account: options.account, id, problem, path: within(messageFilePath(id)) });
  }
  if (options.parse === 'none') return;
  const isChosen = (id: number): boolean => options.parse === 'all' || isInSample(id, expected.length);
  const sample = expected.filter(({ id }) => !wrong.has(id) && isChosen(id));
  yield* checkFacts(reader, sample, { ...options, within });
}

/** Spread over the directory, and at least one of it. */
function isInSample(id: number, count: number): boolean {
  return id % Math.min(sampleOneIn, Math.max(1, count)) === 0;
}

const moveHint = 'restante verifydata --fix moves it away';

async function* unreferenced(
  reader: AccountDatabaseReader,
  { account, live }: CheckOptions,
  id: number,
  within: (path: string) => string,
): AsyncGenerator<Finding> {
  const path = within(messageFilePath(id));
  const known = await reader.first<{ isNew: number; inBlock: number }>(
    `SELECT next_content_id <= ? AS isNew, EXISTS (SELECT 1 FROM content_blocks WHERE ? BETWEEN first AND last) AS inBlock
     FROM account`,
    [id, id],
  );
  // Ids are never given twice: what a server at work has stored since has a new one.
  if (live === true && (known?.isNew === 1 || known?.inBlock === 1)) return;
  if (known?.inBlock === 1) {
    const message = `Account "${account}": "${path}" was left by a crash; the next opening removes it`;
    yield { severity: 'note', code: 'message-file-left', message, path, account };
    return;
  }
  yield {
    severity: 'error',
    code: 'message-file-unreferenced',
    message: `Account "${account}": message file "${path}" belongs to no message`,
    path,
    account,
    isUnreferenced: true,
    hint: moveHint,
  };
}

async function fileFinding(
  reader: AccountDatabaseReader,
  { account, id, problem, path }: { account: string; id: number; problem: FileProblem; path: string },
): Promise<Finding> {
  const place = await reader.first<{
    mailbox: string;
    uid: number;
    places: number;
    subject: string;
    messageId: string;
  }>(
    `SELECT mailboxes.name AS mailbox, uid, count(*) OVER () AS places, subject, message_id AS messageId
     FROM messages JOIN mailboxes ON mailboxes.id = mailbox_id JOIN contents ON contents.id = content_id
     WHERE content_id = ? AND messages.expunged = 0 ORDER BY mailbox_id, uid LIMIT 1`,
    [id],
  );
  const more = place !== undefined && place.places > 1 ? ` and ${place.places - 1} more places` : '';
  const what =
    place === undefined
      ? `message file "${path}"`
      : `message ${place.uid} in mailbox "${place.mailbox}"${more}, subject "${place.subject.slice(0, 100)}": its file "${path}"`;
  const which = place === undefined ? '' : ` --mailbox ${JSON.stringify(place.mailbox)}`;
  return {
    severity: 'error',
    code: problem.kind === 'missing' ? 'message-file-missing' : 'message-file-differs',
    message: `Account "${account}": ${what} ${problem.detail}`,
    path,
    account,
    ...(place === undefined ? {} : { mailbox: place.mailbox, uid: place.uid }),
    hint: `Restore it from a good backup: restante restore <backup> --account ${account}${which}`,
  };
}

/** Entries of a directory whose names are plain numbers, and others. */
async function entriesOf(path: string): Promise<{ numbers: number[]; foreign: string[] }> {
  const numbers: number[] = [];
  const foreign: string[] = [];
  let names: string[] = [];
  try {
    names = await readdir(path);
  } catch (error) {
    // Without messages there may be none; with messages, each file is reported missing.
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT' && code !== 'ENOTDIR') throw error;
  }
  for (const name of names) {
    if (/^(0|[1-9]\d{0,14})$/.test(name)) numbers.push(Number(name));
    else foreign.push(name);
  }
  return { numbers, foreign };
}
