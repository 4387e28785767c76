import SqliteDatabase from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import type { Migration } from '../engine.ts';
import { migrate, userVersion } from './migrate.ts';

const migrations: readonly Migration[] = [
  {
    version: 1,
    sql: 'CREATE TABLE letters (id INTEGER PRIMARY KEY, text TEXT) STRICT; INSERT INTO letters VALUES (1, NULL)',
  },
  { version: 2, sql: 'ALTER TABLE letters ADD COLUMN stamp TEXT' },
  { version: 3, sql: 'CREATE INDEX letters_by_stamp ON letters (stamp)' },
];

describe('migrating a database', () => {
  it('applies each migration once, in order, and notes when', () => {
    using database = closing(new SqliteDatabase(':memory:'));
    migrate(database, migrations.slice(0, 1), 'x.db');
    expect(userVersion(database)).toBe(1);
    migrate(database, migrations, 'x.db');
    migrate(database, migrations, 'x.db');
    expect(userVersion(database)).toBe(3);
    expect(database.prepare('SELECT version FROM applied_migrations').pluck().all()).toEqual([1, 2, 3]);
    expect(database.prepare('SELECT * FROM letters').all()).toEqual([{ id: 1, text: null, stamp: null }]);
  });

  it('stays at the version before a migration that fails, without a trace of it', () => {
    using database = closing(new SqliteDatabase(':memory:'));
    const broken = [...migrations.slice(0, 1), { version: 2, sql: 'DELETE FROM letters; CREATE TABLE letters (id)' }];
    expect(() => migrate(database, broken, 'x.db')).toThrow(
      /Cannot migrate database "x.db" to version 2: .*already exists/,
    );
    expect(userVersion(database)).toBe(1);
    expect(database.prepare('SELECT count(*) FROM letters').pluck().get()).toBe(1);
    migrate(database, migrations, 'x.db');
    expect(userVersion(database)).toBe(3);
  });

  it('refuses a database that later software wrote, and says what to do', () => {
    using database = closing(new SqliteDatabase(':memory:'));
    migrate(database, migrations, 'x.db');
    expect(() => migrate(database, migrations.slice(0, 2), 'x.db')).toThrow(
      expect.objectContaining({ code: 'database-too-new', hint: expect.stringContaining('newer Restante') }),
    );
  });

  it('refuses migrations that are not numbered 1, 2, 3', () => {
    using database = closing(new SqliteDatabase(':memory:'));
    expect(() => migrate(database, migrations.slice(1), 'x.db')).toThrow(/number 1 has version 2/);
  });
});

function closing(database: SqliteDatabase.Database): SqliteDatabase.Database & Disposable {
  return Object.assign(database, { [Symbol.dispose]: () => void database.close() });
}
