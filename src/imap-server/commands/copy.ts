import type { ArgumentParser } from '../../imap/argument-parser.ts';
import { formatNumbers } from '../../imap/sequence-set.ts';
import type { ChangeableFlags } from '../../store/flags.ts';
import type { CopiedMessages } from '../../store/messages/message-writer.ts';
import type { Command } from '../command.ts';
import { changeableFlags } from '../flag-rights.ts';
import { findTarget, type MailboxPlace } from '../mailbox-place.ts';
import { noteAdded } from '../note-added.ts';
import { Progress } from '../progress.ts';
import { type OkReply, RefusedError } from '../reply.ts';
import type { Session } from '../session.ts';

/** Source: RFC 9051 §6.4.7 */
export const copy: Command = {
  when: 'selected',
  tellsExpunges: true,
  byNumber: true,
  run: (session, args) => run(session, args, false, false),
};

/** Source: RFC 9051 §6.4.9 */
export const uidCopy: Command = { ...copy, byNumber: false, run: (session, args) => run(session, args, true, false) };

/** Source: RFC 9051 §6.4.8, RFC 7162 §3.2.8 */
export const move: Command = { ...copy, run: (session, args) => run(session, args, false, true) };

/** Source: RFC 9051 §6.4.9 */
export const uidMove: Command = { ...uidCopy, run: (session, args) => run(session, args, true, true) };

async function run(
  session: Session,
  args: ArgumentParser,
  byUid: boolean,
  moves: boolean,
): Promise<OkReply | undefined> {
  args.space();
  const set = args.sequenceSet();
  args.space();
  const target = session.mailboxName(args.astring());
  args.end();
  const mailbox = moves ? session.mailboxToChange('te') : session.mailbox;
  const uids = mailbox.resolve(set, byUid);
  await using place = await findTarget(session, target);
  const { mailbox: targetMailbox, rights } = await place.requireTarget();
  if (uids.length === 0) return { text: 'There are no such messages' };
  const copied = await new Progress(session, args).during(
    transfer(session, uids, place, targetMailbox.id, changeableFlags(rights), moves),
  );
  if (copied.pairs.length === 0) {
    if (!byUid) throw new RefusedError('NO', 'EXPUNGEISSUED', 'The messages are gone');
    return { text: 'The messages are gone' };
  }
  if (copied.modseq !== undefined) noteAdded(session, place.account, targetMailbox.id, copied.modseq);
  const code = `COPYUID ${copyUid(copied)}`;
  if (!moves) return { code, text: 'Copied' };
  // RFC 9051 §6.4.8: COPYUID comes before the EXPUNGE responses.
  session.untaggedOk(code, 'Moved');
  await mailbox.tellExpunged(
    session,
    copied.pairs.map(({ sourceUid }) => sourceUid),
  );
  return session.qresync ? { code: `HIGHESTMODSEQ ${mailbox.highestModseq}`, text: 'Moved' } : { text: 'Moved' };
}

/**
 * @param kept flags that the client may set in the target
 * @returns with the MODSEQ of the copies, where both mailboxes are of one account
 */
async function transfer(
  session: Session,
  uids: Uint32Array,
  place: MailboxPlace,
  targetMailboxId: number,
  kept: ChangeableFlags,
  moves: boolean,
): Promise<CopiedMessages & { modseq?: number }> {
  const { account: source, id: mailboxId } = session.mailbox;
  const { account: target } = place;
  if (source.name === target.name) {
    return moves
      ? await source.messages.move(mailboxId, uids, targetMailboxId, kept)
      : await source.messages.copy(mailboxId, uids, targetMailboxId, kept);
  }
  const pairs: CopiedMessages['pairs'][number][] = [];
  let uidValidity = 0;
  const steps = session.server.accounts.transferMessages({
    source,
    mailboxId,
    uids,
    target,
    targetMailboxId,
    moves,
    kept,
  });
  try {
    for await (const copied of steps) {
      pairs.push(...copied.pairs);
      ({ uidValidity } = copied);
    }
  } catch (error) {
    // RFC 6851 §3.3: what was moved before is moved.
    if (moves && pairs.length > 0) {
      session.untaggedOk(`COPYUID ${copyUid({ uidValidity, pairs })}`, 'Moved so far');
      const moved = pairs.map(({ sourceUid }) => sourceUid);
      await session.mailbox.tellExpunged(session, moved);
    }
    throw error;
  }
  return { uidValidity, pairs };
}

/** Both sets in the same order, so that the pairs stay pairs: UIDs in the target ascend with those of the source. */
function copyUid({ uidValidity, pairs }: CopiedMessages): string {
  const sources = formatNumbers(pairs.map(({ sourceUid }) => sourceUid));
  return `${uidValidity} ${sources} ${formatNumbers(pairs.map(({ uid }) => uid))}`;
}
