import { CheckedSession, type CheckedSessionOptions, SessionEndedError } from './checked-session.ts';
import { numbersOf } from './fetch-data.ts';
import { check, type ResyncPoint } from './mailbox-view.ts';

/** A client that comes back. */
export function connectForResync(options: CheckedSessionOptions): Promise<CheckedSession> {
  return CheckedSession.connect({ ...options, features: ['QRESYNC'], compress: false });
}

/**
 * Comes back as a client that knows a state, by QRESYNC, and checks that what it is told makes precisely the present state of it.
 * Source: RFC 7162 §3.2.5
 */
export async function checkResync(session: CheckedSession, point: ResyncPoint): Promise<void> {
  try {
    // The set of known UIDs leaves out what is new; half of the time.
    const greatest = point.flags.size === 0 || point.modseq % 2 === 0 ? undefined : Math.max(...point.flags.keys());
    const uids = greatest === undefined ? '' : ` 1:${greatest}`;
    const opened = await session.select(point.name, true, ` (QRESYNC (${point.uidValidity} ${point.modseq}${uids}))`);
    const { view } = session;
    // Another mailbox has the name now, or none.
    if (!opened) return;
    if (view?.uidValidity !== point.uidValidity) return;
    const replayed = new Map(point.flags);
    for (const uid of view.earlier) replayed.delete(uid);
    for (const { uid, flags } of view.messages) {
      if (uid !== undefined && flags !== undefined) replayed.set(uid, flags);
    }
    const highest = view.highestModseq;
    const there = view.messages.length;
    const truth = new Map<number, { flags: string; modseq: number }>();
    if (there > 0) {
      await session.run({
        text: 'FETCH 1:* (UID FLAGS MODSEQ)',
        onFetch: ({ flags = '', modseq = 0 }, { uid = 0 }) => truth.set(uid, { flags, modseq }),
      });
    }
    const known = [...replayed.keys()].sort((a, b) => a - b);
    const lost = [...truth.keys()].filter(
      (uid) => !replayed.has(uid) && uid < view.uidNext && uid <= (greatest ?? uid),
    );
    const ghosts = known.filter((uid) => !truth.has(uid));
    const told = `QRESYNC from ${point.modseq} to ${highest}`;
    check(lost.length === 0, `${told} does not tell of UIDs ${lost}`);
    check(ghosts.length === 0, `${told} does not tell that UIDs ${ghosts} are gone`);
    for (const [uid, { flags, modseq }] of truth) {
      if (modseq > highest || !replayed.has(uid)) continue;
      check(flags === replayed.get(uid), `${told} leaves UID ${uid} with (${replayed.get(uid)}), it has (${flags})`);
    }
    await session.ok('UNSELECT');
    session.left();
  } catch (error) {
    // The mailbox was renamed meanwhile to a name that had a greater UIDVALIDITY.
    if (error instanceof SessionEndedError) return await session.reconnect();
    throw new Error(`${(error as Error).message}\n${session.transcript.join('\n')}`, { cause: error });
  }
}

/** Numbers that ESEARCH names after ALL. */
export function searchedNumbers(line: string): number[] {
  const set = /^\* ESEARCH .*\bALL ([\d:,]+)/.exec(line)?.[1];
  if (set !== undefined) return numbersOf(set);
  const list = /^\* SEARCH((?: \d+)*)/.exec(line)?.[1];
  return list === undefined || list === '' ? [] : list.slice(1).split(' ').map(Number);
}
