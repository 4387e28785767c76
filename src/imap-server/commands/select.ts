import type { ArgumentParser } from '../../imap/argument-parser.ts';
import type { SequenceSet } from '../../imap/sequence-set.ts';
import type { Command } from '../command.ts';
import { formatMailboxFlags } from '../flag-text.ts';
import { findPlace, type MailboxPlace, nonexistent } from '../mailbox-place.ts';
import { oldName } from '../old-name.ts';
import { openSelected, type Selection } from '../open-selected.ts';
import { RefusedError } from '../reply.ts';
import { requireUids } from '../require-uids.ts';
import { type Resync, resynchronise } from '../resynchronise.ts';
import type { Session } from '../session.ts';

/** Source: RFC 9051 §6.3.2; RFC 7162 §3.1.8 (CONDSTORE), §3.2.5 (QRESYNC); RFC 8474 §4.2 (MAILBOXID) */
export const select: Command = {
  when: 'logged-in',
  tellsExpunges: false,
  run: (session, args) => open(session, args, false),
};

/** Source: RFC 9051 §6.3.3 */
export const examine: Command = {
  when: 'logged-in',
  tellsExpunges: false,
  run: (session, args) => open(session, args, true),
};

async function open(
  session: Session,
  args: ArgumentParser,
  readOnly: boolean,
): Promise<{ code: string; text: string }> {
  args.space();
  const nameBytes = args.astring();
  const parameters = args.takeIf(' ') ? parseParameters(args) : { condstore: false, resync: undefined };
  args.end();
  const { resync } = parameters;
  if (resync !== undefined && !session.qresync) {
    throw new RefusedError('BAD', undefined, 'Enable QRESYNC first');
  }
  // RFC 9586 §3.7
  if (resync?.match !== undefined) requireUids(session);
  // RFC 9051 §6.3.2: the mailbox that was selected is left, also when the new one can't be opened.
  if (session.selected !== undefined) {
    session.unselect();
    session.untaggedOk('CLOSED', 'Previous mailbox closed');
  }
  const name = session.mailboxName(nameBytes);
  const opened = await openPlace(session, await findPlace(session, name), { readOnly, since: resync?.modseq });
  const { mailbox, selected, firstUnseen } = opened;
  if (parameters.condstore) session.condstore = true;
  session.selected = selected;
  session.untagged(`FLAGS ${formatMailboxFlags(mailbox.keywords, false)}`);
  session.untaggedOk(
    `PERMANENTFLAGS ${selected.permanentFlags}`,
    selected.readOnly ? 'Opened read-only' : 'Flags that can be changed',
  );
  session.untagged(`${selected.uids.count} EXISTS`);
  if (!session.rev2) {
    session.untagged(`${selected.findRecent(mailbox.uidNext)} RECENT`);
    if (firstUnseen > 0 && !session.uidOnly) session.untaggedOk(`UNSEEN ${firstUnseen}`, 'First unseen message');
  }
  session.untaggedOk(`UIDVALIDITY ${mailbox.uidValidity}`, 'UIDs are valid');
  session.untaggedOk(`UIDNEXT ${mailbox.uidNext}`, 'Next UID');
  session.untaggedOk(`HIGHESTMODSEQ ${selected.highestModseq}`, 'Changes are numbered');
  session.untaggedOk(`MAILBOXID (${mailbox.objectId})`, 'Name for ever');
  // RFC 4467 §8
  session.untaggedOk('URLMECH INTERNAL', 'URLs can be authorized');
  if (session.rev2) {
    session.untagged(`LIST () "/" ${session.quotedName(selected.nameOf(mailbox))}${oldName(session, nameBytes, name)}`);
  }
  if (resync !== undefined && resync.uidValidity === mailbox.uidValidity) await resynchronise(session, opened, resync);
  return selected.readOnly
    ? { code: 'READ-ONLY', text: 'Mailbox is open for reading' }
    : { code: 'READ-WRITE', text: 'Mailbox is open' };
}

/** @throws RefusedError */
async function openPlace(
  session: Session,
  place: MailboxPlace,
  options: { readOnly: boolean; since: number | undefined },
): Promise<Selection> {
  try {
    const opened = await openSelected(place, { ...options, memory: session.server.memory });
    if (opened === undefined) throw nonexistent();
    return opened;
  } catch (error) {
    await place[Symbol.asyncDispose]();
    throw error;
  }
}

function parseParameters(args: ArgumentParser): { condstore: boolean; resync: Resync | undefined } {
  let condstore = false;
  let resync: Resync | undefined;
  args.list(() => {
    switch (args.word()) {
      case 'CONDSTORE':
        condstore = true;
        return;
      case 'QRESYNC':
        args.space();
        resync = parseResync(args);
        return;
    }
    args.fail('Unknown parameter');
  }, 1);
  return { condstore: condstore || resync !== undefined, resync };
}

/** `(uidvalidity modseq [known-uids] [(known-sequence-set known-uid-set)])` */
function parseResync(args: ArgumentParser): Resync {
  args.take('(');
  const uidValidity = args.number();
  args.space();
  const modseq = args.number64();
  // 0, which the grammar doesn't have, is all there is, as in CHANGEDSINCE: Cyrus takes it.
  if (uidValidity === 0) args.fail('Number must not be 0');
  let knownUids: SequenceSet | undefined;
  let match: Resync['match'];
  if (args.takeIf(' ')) {
    if (args.peek() !== '(') {
      knownUids = plainSet(args);
      if (args.takeIf(' ')) match = parseMatch(args);
    } else match = parseMatch(args);
  }
  args.take(')');
  return { uidValidity, modseq, knownUids, match };
}

function parseMatch(args: ArgumentParser): Resync['match'] {
  args.take('(');
  const sequences = plainSet(args);
  args.space();
  const uids = plainSet(args);
  args.take(')');
  return { sequences, uids };
}

/** RFC 7162 §7: known-sequence-set and known-uid-set must not contain `*`; `$` makes no sense. */
function plainSet(args: ArgumentParser): SequenceSet {
  const set = args.sequenceSet();
  if (set.saved) args.fail('"$" is not allowed here');
  return set;
}
