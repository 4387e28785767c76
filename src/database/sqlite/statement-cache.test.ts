import SqliteDatabase from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { StatementCache } from './statement-cache.ts';

describe('statements of a connection', () => {
  let database: SqliteDatabase.Database;
  let statements: StatementCache;

  beforeEach(() => {
    database = new SqliteDatabase(':memory:');
    database.exec('CREATE TABLE messages (mailbox INTEGER, uid INTEGER, PRIMARY KEY (mailbox, uid)) WITHOUT ROWID');
    database.exec('INSERT INTO messages VALUES (1, 1), (1, 2), (1, 3), (2, 1)');
    statements = new StatementCache(database);
  });
  afterEach(() => {
    vi.unstubAllGlobals();
    database.close();
  });

  test('have their parameters in place, and texts that look like them as they are', () => {
    const sql = `SELECT '?' AS one, 'it''s ?' AS two, ? AS three, 4 AS "four?", ? || '!' AS five -- ?`;
    const row = statements.get(sql).get(['a', 'b']);
    expect(row).toEqual({ one: '?', two: "it's ?", three: 'a', 'four?': 4, five: 'b!' });
  });

  test('keep what parameters are: their types and how they compare', () => {
    const sql = 'SELECT typeof(?) AS a, typeof(?) AS b, typeof(?) AS c, ? IS NULL AS d';
    const row = statements.get(sql).get([1, '1', Buffer.from('1'), null]);
    expect(row).toEqual({ a: 'real', b: 'text', c: 'blob', d: 1 });
    database.exec("CREATE TABLE texts (text TEXT); INSERT INTO texts VALUES ('7')");
    expect(statements.get('SELECT text FROM texts WHERE text = ?').all([7n])).toHaveLength(1);
  });

  test.each([
    'SELECT uid FROM messages WHERE mailbox = ? AND uid BETWEEN ? AND 9 ORDER BY uid',
    'SELECT uid FROM messages WHERE mailbox = ? AND uid > 0 LIMIT ?',
  ])('are prepared once, whatever is bound: %s', (sql) => {
    const statement = statements.get(sql);
    statement.all([1, 1]);
    // better-sqlite3 makes a function for the rows of each statement that was prepared.
    let made = 0;
    const count: ProxyHandler<FunctionConstructor> = {
      apply(target, self, args) {
        made++;
        return Reflect.apply(target, self, args);
      },
    };
    vi.stubGlobal('Function', new Proxy(Function, count));
    for (const first of [1, 2, 3]) expect(statement.all([1, first]).length).toBeGreaterThan(0);
    expect(made).toBe(0);
  });
});
