import type { Transactor } from '../database/engine.ts';
import { limits } from '../runtime/limits.ts';

/** An address that gets no reports. */
export interface Suppression {
  /** Lower case. */
  readonly address: string;
  readonly since: number;
  /** Undefined: for ever. */
  readonly until: number | undefined;
  readonly reason: string;
}

/** The table that each database of what is to be reported has. */
export const suppressionTable = `
CREATE TABLE suppression (
  address TEXT PRIMARY KEY,
  since INTEGER NOT NULL,
  -- NULL: for ever.
  until INTEGER,
  reason TEXT NOT NULL
) STRICT, WITHOUT ROWID;
`;

type Write = Transactor<unknown>;

async function suppress(write: Write, { address, since, until, reason }: Suppression): Promise<void> {
  await write.run('DELETE FROM suppression WHERE until < ?', [since]);
  await write.run(
    `INSERT INTO suppression (address, since, until, reason) VALUES (?, ?, ?, ?)
     ON CONFLICT (address) DO UPDATE SET since = excluded.since, until = excluded.until, reason = excluded.reason
     WHERE until IS NOT NULL`,
    [address, since, until ?? null, reason],
  );
  // Domains name as many addresses as they like: those that end first go first.
  await write.run(
    `DELETE FROM suppression WHERE address IN
     (SELECT address FROM suppression ORDER BY until IS NULL DESC, until DESC LIMIT -1 OFFSET ?)`,
    [limits.dmarcSuppressions],
  );
}

async function unsuppress(write: Write, { address }: { address: string }): Promise<{ wasThere: boolean }> {
  const { changes } = await write.run('DELETE FROM suppression WHERE address = ?', [address]);
  return { wasThere: changes > 0 };
}

export const suppressionOperations = { suppress, unsuppress };
