import { RestanteError } from '../../runtime/errors.ts';
import type { AccountTransactor } from './account-change.ts';

/** What a repair has changed, or would change. */
export interface Repaired {
  readonly changes: readonly { readonly what: string; readonly count: number }[];
  readonly notes: readonly string[];
}

/** Undoes a repair that was only tried: an operation that throws leaves nothing. Its context holds what would have been. */
export const dryRunCode = 'repair-dry-run';

/** Collects what a repair does. */
export class Repairs {
  readonly #transactor: AccountTransactor;
  readonly #changes: { what: string; count: number }[] = [];
  readonly #notes: string[] = [];

  constructor(transactor: AccountTransactor) {
    this.#transactor = transactor;
  }

  /** Runs a statement that changes what is wrong, and nothing else. */
  async run(what: string, sql: string): Promise<void> {
    const { changes } = await this.#transactor.run(sql);
    this.count(what, changes);
  }

  count(what: string, count: number): void {
    if (count > 0) this.#changes.push({ what, count });
  }

  note(text: string): void {
    this.#notes.push(text);
  }

  /** @throws RestanteError with {@link dryRunCode} */
  finish(dryRun: boolean): Repaired {
    const repaired = { changes: this.#changes, notes: this.#notes };
    if (dryRun) throw new RestanteError(dryRunCode, 'Nothing was changed', { context: repaired });
    return repaired;
  }
}
