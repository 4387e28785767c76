import type { AccountDatabase } from './account-database.ts';

/** MODSEQ of the last change in an account, as long as nothing was written since it was read. */
export class KnownModseq {
  readonly #database: Pick<AccountDatabase, 'version'>;
  #modseq = 0;
  /** Of the database, when it was read. */
  #version: number | undefined;

  constructor(database: Pick<AccountDatabase, 'version'>) {
    this.#database = database;
  }

  get value(): number | undefined {
    const { version } = this.#database;
    return version !== undefined && version === this.#version ? this.#modseq : undefined;
  }

  /** @param version of the database, before anything was read in the read that has found it */
  note(modseq: number, version: number | undefined): void {
    if (version === undefined || version !== this.#database.version) return;
    this.#modseq = modseq;
    this.#version = version;
  }
}
