import type { AccountDatabase } from './account-database.ts';
import type { MessageFiles } from './message-files.ts';
import type { ContentIdBlock } from './operations/reserve-content-ids.ts';

const blockSize = 256;

interface Block extends ContentIdBlock {
  next: number;
  /** Ids handed out whose outcome is not known yet. */
  open: number;
  /** A file may be left without row: the next opening looks. */
  uncertain: boolean;
}

/**
 * Hands out content ids, from blocks that the database has reserved for this process: so a file can get its name before its row's
 * transaction. A crash leaves files without rows only under ids of reserved blocks, and {@link removeLeftovers} looks only there.
 */
export class ContentIds {
  readonly #database: AccountDatabase;
  readonly #blocks: Block[] = [];
  #reserving: Promise<void> | undefined;

  constructor(database: AccountDatabase) {
    this.#database = database;
  }

  /** @returns ascending ids, each to be settled */
  async take(count: number): Promise<number[]> {
    const ids: number[] = [];
    for (;;) {
      const block = this.#blocks.at(-1);
      if (block !== undefined) {
        while (ids.length < count && block.next <= block.last) {
          ids.push(block.next++);
          block.open++;
        }
      }
      if (ids.length === count) return ids;
      this.#reserving ??= this.#reserve(count - ids.length).finally(() => {
        this.#reserving = undefined;
      });
      await this.#reserving;
    }
  }

  /** @param outcome `certain`: each id is in a row, or has no file */
  settle(ids: readonly number[], outcome: 'certain' | 'uncertain'): void {
    for (const id of ids) {
      const block = this.#blocks.find(({ first, last }) => id >= first && id <= last);
      if (block === undefined) continue;
      block.open--;
      if (outcome === 'uncertain') block.uncertain = true;
    }
  }

  /** Gives back what was not used. */
  async release(): Promise<void> {
    const blocks = this.#blocks.splice(0).filter(({ open, uncertain }) => open === 0 && !uncertain);
    if (blocks.length > 0) await this.#database.write('releaseContentIds', { blocks: blocks.reverse() });
  }

  async #reserve(count: number): Promise<void> {
    const finished = this.#blocks.filter(({ next, last, open, uncertain }) => next > last && open === 0 && !uncertain);
    const block = await this.#database.write('reserveContentIds', {
      count: Math.max(count, blockSize),
      finished: finished.map(({ first }) => first),
    });
    for (const done of finished) this.#blocks.splice(this.#blocks.indexOf(done), 1);
    this.#blocks.push({ ...block, next: block.first, open: 0, uncertain: false });
  }
}

/** Removes the files that a crash left without rows, and the blocks they were in. */
export async function removeLeftovers(database: AccountDatabase, files: MessageFiles): Promise<void> {
  const { blocks, used } = await database.read(async (reader) => {
    const blocks = await reader.all<ContentIdBlock>('SELECT first, last FROM content_blocks ORDER BY first');
    const rows = await reader.all<{ id: number }>(
      'SELECT id FROM content_blocks CROSS JOIN contents WHERE id BETWEEN first AND last',
    );
    return { blocks, used: new Set(rows.map(({ id }) => id)) };
  });
  if (blocks.length === 0) return;
  for (const { first, last } of blocks) {
    const unused: number[] = [];
    for (let id = first; id <= last; id++) if (!used.has(id)) unused.push(id);
    await files.remove(unused);
  }
  await database.write('releaseContentIds', {
    blocks: blocks.map(({ first, last }) => ({ first, next: last + 1 })),
  });
}
