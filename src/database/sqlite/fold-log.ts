import SqliteDatabase from 'better-sqlite3';

/** Folds the log of a database that is not open for writes into its file. */
export function foldLog(path: string): void {
  const database = new SqliteDatabase(path, { fileMustExist: true });
  try {
    database.pragma('wal_checkpoint(PASSIVE)');
  } finally {
    database.close();
  }
}

/** @param result what `PRAGMA wal_checkpoint` returns; its numbers are -1 for a database without log */
export function logPagesLeft(result: unknown): number {
  const row = (Array.isArray(result) ? result[0] : result) as { log: number; checkpointed: number };
  return row.log - row.checkpointed;
}
