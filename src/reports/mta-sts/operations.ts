import type { Migration, Transactor } from '../../database/engine.ts';

/** Of one domain. Times in milliseconds. */
export interface PolicyRow {
  domain: string;
  /** Of the record under which it was found. */
  policy_id: string;
  mode: string;
  /** Separated by spaces. */
  mx: string;
  max_age_seconds: number;
  fetched_at: number;
  valid_until: number;
  /** When mail last needed it. */
  used_at: number;
}

export const migrations: readonly Migration[] = [
  {
    version: 1,
    sql: `
      CREATE TABLE policy (
        domain TEXT PRIMARY KEY,
        policy_id TEXT NOT NULL,
        mode TEXT NOT NULL,
        mx TEXT NOT NULL,
        max_age_seconds INTEGER NOT NULL,
        fetched_at INTEGER NOT NULL,
        valid_until INTEGER NOT NULL,
        used_at INTEGER NOT NULL
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX policy_used ON policy (used_at);
      CREATE INDEX policy_fetched ON policy (fetched_at);
    `,
  },
];

/** All that changes `mtasts.db`; runs in a write worker. */
export const operations = {
  /** @param args.keep policies in all; the longest unused go */
  async keepPolicy(write: Transactor<unknown>, args: { policy: PolicyRow; keep: number }): Promise<void> {
    const { policy, keep } = args;
    await write.run(
      `INSERT INTO policy (domain, policy_id, mode, mx, max_age_seconds, fetched_at, valid_until, used_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (domain) DO UPDATE SET policy_id = excluded.policy_id, mode = excluded.mode, mx = excluded.mx,
         max_age_seconds = excluded.max_age_seconds, fetched_at = excluded.fetched_at, valid_until = excluded.valid_until,
         used_at = max(used_at, excluded.used_at)`,
      [
        policy.domain,
        policy.policy_id,
        policy.mode,
        policy.mx,
        policy.max_age_seconds,
        policy.fetched_at,
        policy.valid_until,
        policy.used_at,
      ],
    );
    await write.run(
      'DELETE FROM policy WHERE domain IN (SELECT domain FROM policy ORDER BY used_at DESC LIMIT -1 OFFSET ?)',
      [keep],
    );
  },

  async markUsed(write: Transactor<unknown>, args: { domain: string; at: number }): Promise<void> {
    await write.run('UPDATE policy SET used_at = ? WHERE domain = ? AND used_at < ?', [args.at, args.domain, args.at]);
  },

  /** Forgets what has run out, and what nobody has needed for long. */
  async forget(write: Transactor<unknown>, args: { now: number; usedBefore: number }): Promise<{ count: number }> {
    const { changes } = await write.run('DELETE FROM policy WHERE valid_until < ? OR used_at < ?', [
      args.now,
      args.usedBefore,
    ]);
    return { count: changes };
  },
};
