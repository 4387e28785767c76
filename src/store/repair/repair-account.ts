import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat } from 'node:fs/promises';
import { RestanteError } from '../../runtime/errors.ts';
import { factsOfFile } from '../check-facts.ts';
import { type FactsRow, factsColumns, rowOfFacts } from '../facts-row.ts';
import { dryRunCode, type Repaired } from '../operations/repairs.ts';
import type { SharedAccount } from '../shared-account.ts';

/** Named as the commands are. */
export const repairKinds = [
  'fixuidmeta',
  'recalculatemailboxcounts',
  'fixmsgsize',
  'reparse',
  'reassignthreads',
] as const;
export type RepairKind = (typeof repairKinds)[number];

export interface RepairOptions {
  /** Says what would change, and changes nothing. */
  readonly dryRun: boolean;
  readonly signal: AbortSignal;
  readonly onProgress: (done: number, total: number) => void;
}

/** Contents that are looked at between two turns of others. */
const step = 200;

/** Mends one kind of damage of an account. What is in order stays as it is: run again, it changes nothing. */
export async function repairAccount(
  shared: SharedAccount,
  kind: RepairKind,
  options: RepairOptions,
): Promise<Repaired> {
  const { dryRun } = options;
  switch (kind) {
    case 'fixuidmeta': {
      const repaired = await tried(() => shared.write('repairUidMeta', { dryRun }));
      if (!dryRun) shared.eraser.schedule();
      return repaired;
    }
    case 'recalculatemailboxcounts':
      return await tried(() => shared.write('recalculateCounts', { dryRun }));
    case 'fixmsgsize':
      return await repairSizes(shared, options);
    case 'reparse':
      return await reparse(shared, options);
    case 'reassignthreads':
      return await tried(() => shared.write('reassignThreads', { dryRun }));
  }
}

/** A dry run is the repair itself, undone: what it tells comes as an error. */
async function tried(write: () => Promise<Repaired>): Promise<Repaired> {
  try {
    return await write();
  } catch (error) {
    if (error instanceof RestanteError && error.code === dryRunCode) return error.context as unknown as Repaired;
    throw error;
  }
}

interface ContentRow {
  id: number;
  file_size: number;
  sha256: Uint8Array;
}

async function* contents(shared: SharedAccount, { signal, onProgress }: RepairOptions): AsyncGenerator<ContentRow> {
  const { total } = (await shared.database.read((reader) =>
    reader.first<{ total: number }>('SELECT count(*) AS total FROM contents'),
  ))!;
  let done = 0;
  for (let after = 0; ; ) {
    signal.throwIfAborted();
    const rows = await shared.database.read((reader) =>
      reader.all<ContentRow>(
        `SELECT id, file_size, sha256 FROM contents WHERE id > ? AND id NOT IN (SELECT content_id FROM erase)
         ORDER BY id LIMIT ?`,
        [after, step],
      ),
    );
    yield* rows;
    done += rows.length;
    onProgress(done, total);
    const last = rows.at(-1);
    if (last === undefined || rows.length < step) return;
    after = last.id;
    await new Promise((next) => setImmediate(next));
  }
}

async function repairSizes(shared: SharedAccount, options: RepairOptions): Promise<Repaired> {
  const sizes: { contentId: number; sizeBytes: number }[] = [];
  const notes: string[] = [];
  for await (const { id, file_size: recorded, sha256 } of contents(shared, options)) {
    const path = shared.files.path(id);
    const found = await lstat(path).catch(() => undefined);
    if (found?.size === recorded) continue;
    if (found?.isFile() && Buffer.compare(await sha256Of(path), sha256) === 0) {
      sizes.push({ contentId: id, sizeBytes: found.size });
    } else {
      const what = found === undefined ? 'is missing' : 'was changed';
      notes.push(`message file ${id} ${what}: restore it from a backup`);
    }
  }
  const repaired = await tried(() => shared.write('repairSizes', { sizes, dryRun: options.dryRun }));
  if (!options.dryRun) shared.identity = {};
  return { ...repaired, notes: [...repaired.notes, ...notes] };
}

async function sha256Of(path: string): Promise<Buffer> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) hash.update(chunk);
  return hash.digest();
}

async function reparse(shared: SharedAccount, options: RepairOptions): Promise<Repaired> {
  let batch: { id: number; row: FactsRow }[] = [];
  let count = 0;
  const notes: string[] = [];
  // From the first change on, also when the last is never made: an index made in between would have what was.
  using suspended = new DisposableStack();
  const write = async (): Promise<void> => {
    if (batch.length === 0) return;
    if (count === 0 && !options.dryRun) {
      suspended.use(await shared.suspendTextIndex());
      suspended.defer(() => {
        shared.identity = {};
      });
    }
    const args = { contents: batch, dryRun: options.dryRun };
    batch = [];
    count += args.contents.length;
    await tried(() => shared.write('replaceFacts', args));
  };
  for await (const { id, file_size: sizeBytes } of contents(shared, options)) {
    const stored = await shared.database.read((reader) =>
      reader.first<FactsRow & { prefix: Uint8Array }>(
        `SELECT ${factsColumns.join(', ')}, prefix FROM contents WHERE id = ?`,
        [id],
      ),
    );
    if (stored === undefined) continue;
    try {
      const row = rowOfFacts(await factsOfFile(shared.files.path(id), sizeBytes, stored.prefix));
      if (factsColumns.some((column) => stored[column] !== row[column])) batch.push({ id, row });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      notes.push(`message file ${id} is missing: restore it from a backup`);
    }
    if (batch.length === step) await write();
  }
  await write();
  if (count > 0) {
    notes.push(
      'mail programs keep what they were told before; "restante bumpuidvalidity" makes them fetch mailboxes anew',
    );
  }
  return { changes: count === 0 ? [] : [{ what: 'messages described anew', count }], notes };
}
