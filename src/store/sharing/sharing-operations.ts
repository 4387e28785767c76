import type { Migration, Transactor } from '../../database/engine.ts';

export const migrations: readonly Migration[] = [
  {
    version: 1,
    sql: `
-- Which accounts may have granted something to whom: where to look, never what is allowed.
CREATE TABLE shares (
  identifier TEXT NOT NULL,
  owner TEXT NOT NULL,
  PRIMARY KEY (identifier, owner)
) STRICT, WITHOUT ROWID;
-- Moves between accounts that may be half done; the target's \`arrived_moves\` says whether they are.
CREATE TABLE moves (
  id BLOB PRIMARY KEY,
  target TEXT NOT NULL
) STRICT, WITHOUT ROWID;
`,
  },
];

async function noteShares(
  write: Transactor<unknown>,
  args: { owner: string; identifiers: readonly string[] },
): Promise<void> {
  await write.runEach(
    'INSERT OR IGNORE INTO shares (identifier, owner) VALUES (?, ?)',
    args.identifiers.map((identifier) => [identifier, args.owner]),
  );
}

async function forgetShares(write: Transactor<unknown>, args: { owner: string }): Promise<void> {
  await write.run('DELETE FROM shares WHERE owner = ?', [args.owner]);
}

async function beginMove(write: Transactor<unknown>, args: { id: Uint8Array; target: string }): Promise<void> {
  await write.run('INSERT INTO moves (id, target) VALUES (?, ?)', [args.id, args.target]);
}

async function endMove(write: Transactor<unknown>, args: { id: Uint8Array }): Promise<void> {
  await write.run('DELETE FROM moves WHERE id = ?', [args.id]);
}

/** All that changes `sharing.db`; runs in a write worker. */
export const operations = { noteShares, forgetShares, beginMove, endMove };
