import type { Database } from '../database/engine.ts';
import type { QueueOperations } from './operations.ts';
import type { QueueSchema } from './schema.ts';

const blockSize = 1000;

interface Block {
  readonly first: number;
  /** The next to give out. */
  next: number;
  /** Given out, and neither committed nor given up. */
  open: number;
}

/** A message id whose file may be made; to be settled when a row has it, or the file is gone again. */
export interface ReservedId {
  readonly id: number;
  settle(): void;
}

/**
 * Gives out message ids from blocks that the database has set apart, one commit a block. A block stays on record until all its ids
 * are settled, so that after a crash the files without rows are known without looking through the directories.
 */
export class MessageIds {
  readonly #database: Database<QueueSchema, QueueOperations>;
  #current: Block | undefined;
  #reserving: Promise<void> | undefined;
  /** Blocks that are done with; their records go with the next reservation. */
  #settled: number[] = [];

  constructor(database: Database<QueueSchema, QueueOperations>) {
    this.#database = database;
  }

  async take(): Promise<ReservedId> {
    for (;;) {
      const block = this.#current;
      if (block !== undefined && block.next < block.first + blockSize) {
        const id = block.next++;
        block.open++;
        let settled = false;
        return {
          id,
          settle: () => {
            if (settled) return;
            settled = true;
            block.open--;
            this.#retire(block);
          },
        };
      }
      this.#reserving ??= this.#reserve().finally(() => {
        this.#reserving = undefined;
      });
      await this.#reserving;
    }
  }

  /** Strikes the records of blocks that are done with, at the end of a tidy run: the next start has nothing to look for. */
  async close(): Promise<void> {
    const block = this.#current;
    this.#current = undefined;
    if (block !== undefined && block.open === 0) this.#settled.push(block.first);
    if (this.#settled.length > 0) await this.#database.write('settleReserved', { firsts: this.#settled });
    this.#settled = [];
  }

  async #reserve(): Promise<void> {
    const settled = this.#settled;
    this.#settled = [];
    const { first } = await this.#database.write('reserveIds', { count: blockSize, settled });
    this.#current = { first, next: first, open: 0 };
  }

  #retire(block: Block): void {
    if (block.open === 0 && block.next >= block.first + blockSize) this.#settled.push(block.first);
  }
}
