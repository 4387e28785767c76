import { writeFile } from 'node:fs/promises';
import { RestanteError } from '../../runtime/errors.ts';
import type { DatabaseKind, Migration, Transactor } from '../engine.ts';

/** A database kind for the engine contract: numbered entries with amounts, and a counter. */
export interface LedgerSchema {
  entries: { id: number; text: string; amount: number; bytes: Uint8Array | null };
}

type Ledger = Transactor<LedgerSchema>;

export const migrations: readonly Migration[] = [
  {
    version: 1,
    sql: `CREATE TABLE entries (
      id INTEGER PRIMARY KEY AUTOINCREMENT, text TEXT NOT NULL UNIQUE, amount INTEGER NOT NULL, bytes BLOB
    ) STRICT;`,
  },
  {
    version: 2,
    sql: 'CREATE INDEX entries_by_amount ON entries (amount); CREATE TABLE total (amount INTEGER NOT NULL) STRICT;',
  },
];

export const operations = {
  async add(ledger: Ledger, entry: { text: string; amount?: number; bytes?: Uint8Array }): Promise<number> {
    const { lastInsertId } = await ledger.run('INSERT INTO entries (text, amount, bytes) VALUES (?, ?, ?)', [
      entry.text,
      entry.amount ?? 0,
      entry.bytes ?? null,
    ]);
    return lastInsertId;
  },

  async addWithSlip(ledger: Ledger, { text, fails }: Slip): Promise<void> {
    await ledger.run('INSERT INTO entries (text, amount) VALUES (?, 0)', [text]);
    if (fails === 'operation') throw new RestanteError('ledger-refused', `Cannot add "${text}": refused`);
  },

  async addTyped(ledger: Ledger, entry: { text: string; amount: number }): Promise<{ id: number; sum: number }> {
    const { id } = await ledger.kysely
      .insertInto('entries')
      .values(entry as never)
      .returning('id')
      .executeTakeFirstOrThrow();
    const { sum } = await ledger.kysely
      .selectFrom('entries')
      .select((expression) => expression.fn.sum<number>('amount').as('sum'))
      .executeTakeFirstOrThrow();
    return { id, sum };
  },

  async addMany(ledger: Ledger, entries: { count: number; bytes: number }): Promise<void> {
    const rows = Array.from({ length: entries.count }, (_, index) => [
      `many ${index} ${Math.random()}`,
      new Uint8Array(entries.bytes),
    ]);
    await ledger.runEach('INSERT INTO entries (text, amount, bytes) VALUES (?, 0, ?)', rows as [string, Uint8Array][]);
  },

  /** Writes, then throws. */
  async addAndFail(ledger: Ledger, entry: { text: string; how: 'restante' | 'other' | 'constraint' }): Promise<void> {
    await ledger.run('INSERT INTO entries (text, amount) VALUES (?, 0)', [entry.text]);
    if (entry.how === 'restante') {
      throw new RestanteError('ledger-refused', `Cannot add "${entry.text}": refused`, {
        hint: 'Ask nicely.',
        context: { text: entry.text },
      });
    }
    if (entry.how === 'other') throw new TypeError('a mistake');
    await ledger.run('INSERT INTO entries (text, amount) VALUES (?, 0)', [entry.text]);
  },

  async addAndWait(ledger: Ledger, entry: { text: string; waitMs: number }): Promise<void> {
    await ledger.run('INSERT INTO entries (text, amount) VALUES (?, 0)', [entry.text]);
    await new Promise((resolve) => setTimeout(resolve, entry.waitMs));
    await ledger.run('INSERT INTO entries (text, amount) VALUES (?, 0)', [`${entry.text} after the wait`]);
  },

  async setMaxPages(ledger: Ledger, pages: number): Promise<void> {
    await ledger.all(`PRAGMA max_page_count = ${pages}`);
  },

  /** Ends the write worker, as running out of memory would. */
  async exitThread(_ledger: Ledger, _nothing: null): Promise<void> {
    process.exit(9);
  },

  async unsendable(_ledger: Ledger, _nothing: null): Promise<unknown> {
    return () => {};
  },
};

interface Slip {
  readonly text: string;
  /** Of a file that is written beside the entry. */
  readonly path: string;
  readonly fails?: 'preparation' | 'operation';
}

export const preparations = {
  async addWithSlip({ text, path, fails }: Slip): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, 5));
    if (fails === 'preparation') throw new RestanteError('slip-refused', `Cannot write "${text}": refused`);
    await writeFile(path, text, { flag: 'wx' });
  },
};

export const ledgerKind: DatabaseKind<LedgerSchema, typeof operations> = {
  name: 'ledger',
  module: new URL('./operations.ts', import.meta.url),
};
