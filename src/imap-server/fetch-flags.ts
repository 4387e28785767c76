import type { FetchItem } from '../imap/fetch-items.ts';
import { FlagResponses } from './flag-responses.ts';
import { Pace } from './pace.ts';
import type { Session } from './session.ts';

/** Messages read from the database at a time, and written between two looks at the time. */
const batchSize = 500;
const messagesBetweenLooks = 32;

/** Whether a FETCH asks for flags and numbers only: clients do that for whole mailboxes, to see what has changed. */
export function asksForFlagsOnly(items: readonly FetchItem[]): boolean {
  return (
    items.some(({ kind }) => kind === 'FLAGS') &&
    items.every(({ kind }) => kind === 'FLAGS' || kind === 'UID' || kind === 'MODSEQ')
  );
}

/**
 * Answers such a FETCH.
 * @param uids in the view, ascending
 * @param items as {@link asksForFlagsOnly} takes them
 * @returns whether there is an answer for each
 */
export async function writeFlags(session: Session, uids: Uint32Array, items: readonly FetchItem[]): Promise<boolean> {
  const { out, mailbox, uidOnly } = session;
  const uid = items.some(({ kind }) => kind === 'UID');
  const modseq = items.some(({ kind }) => kind === 'MODSEQ');
  const responses = new FlagResponses(out, uids.length, { uidOnly, uid, flags: true, modseq });
  const pace = new Pace();
  let written = 0;
  let sequence = 0;
  for (let at = 0; at < uids.length; at += batchSize) {
    const batch = uids.subarray(at, at + batchSize);
    const messages = await mailbox.account.read((reader) => reader.messages.flags(mailbox.id, batch, modseq));
    for (const message of messages) {
      if (message.keywords.length > 0) await mailbox.announceKeywords(out, message.keywords);
      sequence = mailbox.uids.at(sequence) === message.uid ? sequence + 1 : mailbox.sequenceOf(message.uid);
      responses.write(sequence, mailbox.shown(message));
      if (out.full) await out.flush();
      if (++written % messagesBetweenLooks === 0 && pace.over) await pace.turn();
    }
  }
  return written === uids.length;
}
