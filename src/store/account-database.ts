import type { Database, DatabaseKind, Reader } from '../database/engine.ts';
import type { operations } from './operations.ts';

type AccountOperations = typeof operations;
export type AccountDatabase = Database<unknown, AccountOperations>;
export type AccountDatabaseReader = Reader<unknown>;

export const accountDatabaseKind: DatabaseKind<unknown, AccountOperations> = {
  name: 'account',
  module: new URL('./operations.ts', import.meta.url),
};
