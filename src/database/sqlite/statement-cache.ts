import type { Database, Statement } from 'better-sqlite3';

/** A connection's prepared statements by text; the least recently used goes first. Preparing costs 10 to 100 times a lookup. */
const maxStatements = 128;

export type CachedStatement = Statement<unknown[], unknown>;

export class StatementCache {
  readonly #connection: Database;
  readonly #statements = new Map<string, CachedStatement>();
  #last: string | undefined;
  #lastStatement: CachedStatement | undefined;

  constructor(connection: Database) {
    this.#connection = connection;
  }

  get(sql: string): CachedStatement {
    if (sql === this.#last) return this.#lastStatement!;
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#connection.prepare<unknown[], unknown>(withUnseenParameters(sql));
      if (this.#statements.size >= maxStatements) {
        const [oldest] = this.#statements.keys();
        this.#statements.delete(oldest!);
      }
    } else {
      this.#statements.delete(sql);
    }
    this.#statements.set(sql, statement);
    this.#last = sql;
    this.#lastStatement = statement;
    return statement;
  }
}

/** Parameters, and what only looks like them. */
const parametersAndTexts = /'[^']*'|"[^"]*"|--[^\n]*|\?/g;

/**
 * Hides the parameters of a statement from SQLite's planner: it looks at the values of some, as of any beside ORDER BY or in LIMIT, and prepares
 * the statement anew whenever those are bound again, that is each time. Behind a plus, which changes nothing else, it sees none.
 * Source: sqlite.org/c3ref/prepare.html
 */
function withUnseenParameters(sql: string): string {
  return sql.replaceAll(parametersAndTexts, (found) => (found === '?' ? '+?' : found));
}
