import type { ArgumentParser } from '../../imap/argument-parser.ts';
import { formatNumbers } from '../../imap/sequence-set.ts';
import type { CopiedMessages } from '../../store/account.ts';
import type { Command } from '../command.ts';
import { noteAdded } from '../note-added.ts';
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
  const mailbox = moves ? session.writableMailbox : session.mailbox;
  const { account } = mailbox;
  const uids = mailbox.resolve(set, byUid);
  const targetMailbox = await account.read((reader) => reader.mailbox(target));
  if (targetMailbox === undefined) throw new RefusedError('NO', 'TRYCREATE', 'There is no such mailbox');
  if (uids.length === 0) return { text: 'There are no such messages' };
  const copied = moves
    ? await account.moveMessages(mailbox.id, uids, targetMailbox.id)
    : await account.copyMessages(mailbox.id, uids, targetMailbox.id);
  if (copied.pairs.length === 0) {
    if (!byUid) throw new RefusedError('NO', 'EXPUNGEISSUED', 'The messages are gone');
    return { text: 'The messages are gone' };
  }
  noteAdded(session, targetMailbox.id, copied.modseq);
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

/** Both sets in the same order, so that the pairs stay pairs: UIDs in the target ascend with those of the source. */
function copyUid({ uidValidity, pairs }: CopiedMessages): string {
  const sources = formatNumbers(pairs.map(({ sourceUid }) => sourceUid));
  return `${uidValidity} ${sources} ${formatNumbers(pairs.map(({ uid }) => uid))}`;
}
