import type { Database } from '../database/engine.ts';
import { RestanteError } from '../runtime/errors.ts';
import { limits } from '../runtime/limits.ts';
import { baseAddress } from './base-address.ts';
import type { QueueOperations } from './operations.ts';
import type { QueueSchema, SuppressionRow } from './schema.ts';

export interface Suppression {
  readonly account: string;
  /** As it was given, and what of it is compared. */
  readonly address: string;
  readonly baseAddress: string;
  /** Put there by a person rather than by a failure. */
  readonly byHand: boolean;
  readonly reason: string;
  readonly addedAt: number;
}

/** Addresses that accounts send nothing to, because mail to them has failed, or because a person says so. */
export class Suppressions {
  readonly #database: Database<QueueSchema, QueueOperations>;
  readonly #now: () => number;

  constructor(database: Database<QueueSchema, QueueOperations>, now: () => number) {
    this.#database = database;
    this.#now = now;
  }

  /** At most `limit`, by account and address, after one that is known. */
  async list(
    filter: { account?: string | undefined },
    limit: number,
    after: { account: string; baseAddress: string } = { account: '', baseAddress: '' },
  ): Promise<Suppression[]> {
    const { account } = filter;
    const rows = await this.#database.read((reader) =>
      reader.all<SuppressionRow>(
        `SELECT * FROM suppression WHERE (account, base_address) > (?, ?) ${account === undefined ? '' : 'AND account = ?'}
         ORDER BY account, base_address LIMIT ?`,
        [after.account, after.baseAddress, ...(account === undefined ? [] : [account]), limit],
      ),
    );
    return rows.map(listed);
  }

  /** @throws RestanteError `invalid-address`, `too-many-suppressions` */
  async add(account: string, address: string, reason = ''): Promise<{ added: boolean }> {
    const base = baseOf(address);
    const kept = reason.slice(0, limits.suppressionReasonCharacters);
    return await this.#database.write('addSuppression', { account, base, address, reason: kept, now: this.#now() });
  }

  /** @throws RestanteError `invalid-address` */
  async remove(account: string, addresses: readonly string[]): Promise<{ count: number }> {
    return await this.#database.write('removeSuppressions', { account, bases: addresses.map(baseOf) });
  }

  /** Who suppresses an address. @throws RestanteError `invalid-address` */
  async lookup(address: string, account?: string): Promise<Suppression[]> {
    const base = baseOf(address);
    const rows = await this.#database.read((reader) =>
      account === undefined
        ? reader.all<SuppressionRow>('SELECT * FROM suppression WHERE base_address = ? ORDER BY account', [base])
        : reader.all<SuppressionRow>('SELECT * FROM suppression WHERE account = ? AND base_address = ?', [
            account,
            base,
          ]),
    );
    return rows.map(listed);
  }

  /** Those of some addresses that an account suppresses. */
  async among(account: string, addresses: readonly string[]): Promise<Map<string, Suppression>> {
    const bases = new Map(addresses.map((address) => [address, baseAddress(address)]));
    const rows = await this.#database.read((reader) =>
      reader.all<SuppressionRow>(
        'SELECT * FROM suppression WHERE account = ? AND base_address IN (SELECT value FROM json_each(?))',
        [account, JSON.stringify([...bases.values()].filter((base) => base !== undefined))],
      ),
    );
    const byBase = new Map(rows.map((row) => [row.base_address, listed(row)]));
    return new Map(
      addresses.flatMap((address) => {
        const found = byBase.get(bases.get(address) ?? '');
        return found === undefined ? [] : [[address, found] as const];
      }),
    );
  }
}

function baseOf(address: string): string {
  const base = baseAddress(address);
  if (base === undefined) throw new RestanteError('invalid-address', `Cannot use "${address}": it is no email address`);
  return base;
}

function listed(row: SuppressionRow): Suppression {
  return {
    account: row.account,
    address: row.address,
    baseAddress: row.base_address,
    byHand: row.by_hand === 1,
    reason: row.reason,
    addedAt: row.added_at,
  };
}
