import type { Transactor } from '../database/engine.ts';
import type { QueueSchema } from './schema.ts';

/** Sets when domains are next due, from the recipients they have now. */
export async function refreshDestinations(write: Transactor<QueueSchema>, domains: Iterable<string>): Promise<void> {
  for (const domain of domains) {
    const due = await write.first<{ at: number | null }>(
      'SELECT min(next_attempt_at) AS at FROM recipient WHERE domain = ? AND held = 0',
      [domain],
    );
    if (due === undefined || due.at === null) {
      await write.run('DELETE FROM destination WHERE domain = ?', [domain]);
    } else {
      await write.run(
        `INSERT INTO destination (domain, next_attempt_at) VALUES (?, ?)
         ON CONFLICT (domain) DO UPDATE SET next_attempt_at = excluded.next_attempt_at`,
        [domain, due.at],
      );
    }
  }
}
