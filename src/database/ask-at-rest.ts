import SqliteDatabase from 'better-sqlite3';

/**
 * Asks a database file that nobody writes to, in a thread, for what takes long.
 * @param path as SQLite opens it; without a log or journal of its own that would have to be played back
 * @param questions SQL that only reads, without parameters
 */
export type AskInThread = (path: string, questions: readonly string[]) => Promise<Answers>;

export interface Answers {
  /** Of each question, in order; up to the one that failed. */
  readonly rows: readonly (readonly unknown[])[];
  /** SQLite's. */
  readonly error?: { readonly code: string; readonly message: string };
}

/** The thread's side. @param isAborted asked before each question: later ones are then left out */
export function askAtRest(path: string, questions: readonly string[], isAborted: () => boolean): Answers {
  const rows: unknown[][] = [];
  let database: SqliteDatabase.Database | undefined;
  try {
    database = new SqliteDatabase(path, { readonly: true, fileMustExist: true });
    database.pragma('trusted_schema = OFF');
    database.pragma('temp_store = MEMORY');
    for (const question of questions) {
      if (isAborted()) break;
      rows.push(database.prepare(question).all());
    }
    return { rows };
  } catch (error) {
    if (!(error instanceof SqliteDatabase.SqliteError)) throw error;
    return { rows, error: { code: error.code, message: error.message } };
  } finally {
    database?.close();
  }
}
