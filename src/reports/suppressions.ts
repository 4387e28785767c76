import type { Database } from '../database/engine.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Suppression, suppressionOperations } from './suppression.ts';

/** The addresses that get no reports of one kind, in the database of what is to be reported. */
export class Suppressions {
  readonly #database: Pick<Database<unknown, typeof suppressionOperations>, 'read' | 'write'>;
  readonly #clock: Clock;

  constructor(database: Pick<Database<unknown, typeof suppressionOperations>, 'read' | 'write'>, clock: Clock) {
    this.#database = database;
    this.#clock = clock;
  }

  async list(): Promise<Suppression[]> {
    const rows = await this.#database.read((reader) =>
      reader.all<{ address: string; since: number; until: number | null; reason: string }>(
        'SELECT address, since, until, reason FROM suppression WHERE until IS NULL OR until > ? ORDER BY address',
        [this.#clock.now()],
      ),
    );
    return rows.map(({ until, ...row }) => ({ ...row, until: until ?? undefined }));
  }

  async has(address: string): Promise<boolean> {
    const row = await this.#database.read((reader) =>
      reader.first('SELECT 1 FROM suppression WHERE address = ? AND (until IS NULL OR until > ?)', [
        address.toLowerCase(),
        this.#clock.now(),
      ]),
    );
    return row !== undefined;
  }

  /** @param until undefined: for ever */
  async add(address: string, { until, reason }: { until?: number | undefined; reason: string }): Promise<void> {
    const since = this.#clock.now();
    await this.#database.write('suppress', { address: address.toLowerCase(), since, until, reason });
  }

  /** @returns whether it was there */
  async remove(address: string): Promise<boolean> {
    const { wasThere } = await this.#database.write('unsuppress', { address: address.toLowerCase() });
    return wasThere;
  }
}
