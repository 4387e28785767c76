import type { ArgumentParser } from '../../imap/argument-parser.ts';
import { formatNumbers, type SequenceSet } from '../../imap/sequence-set.ts';
import type { Flags } from '../../store/flags.ts';
import type { MessageFlags } from '../../store/messages/message-rows.ts';
import type { Command } from '../command.ts';
import { FlagResponses } from '../flag-responses.ts';
import { changeablePart } from '../flag-rights.ts';
import { parseFlagNames } from '../flag-text.ts';
import { Pace } from '../pace.ts';
import { type OkReply, RefusedError } from '../reply.ts';
import type { SelectedMailbox } from '../selected-mailbox.ts';
import type { Session } from '../session.ts';

/** Source: RFC 9051 §6.4.6, RFC 7162 §3.1.3 */
export const store: Command = {
  when: 'selected',
  tellsExpunges: false,
  byNumber: true,
  run: (session, args) => run(session, args, false),
};

/** Source: RFC 9051 §6.4.9 */
export const uidStore: Command = {
  when: 'selected',
  tellsExpunges: true,
  run: (session, args) => run(session, args, true),
};

interface Request {
  readonly set: SequenceSet;
  readonly unchangedSince: number | undefined;
  readonly mode: 'add' | 'remove' | 'replace';
  readonly silent: boolean;
  readonly flags: Flags;
}

const itemForm = /([+-]?)FLAGS(\.SILENT)?(?= )/iy;

function parse(args: ArgumentParser): Request {
  args.space();
  const set = args.sequenceSet();
  args.space();
  let unchangedSince: number | undefined;
  if (args.peek() === '(') {
    args.list(() => {
      args.take('UNCHANGEDSINCE ');
      unchangedSince = args.number64();
    }, 1);
    args.space();
  }
  const item = args.match(itemForm)?.toUpperCase() ?? args.fail('FLAGS, +FLAGS or -FLAGS expected');
  args.space();
  const names: string[] = [];
  if (args.peek() === '(') names.push(...args.flagList());
  else {
    do names.push(args.flag());
    while (args.takeIf(' '));
  }
  args.end();
  if (names.some((name) => name.toLowerCase() === '\\recent')) args.fail('\\Recent cannot be changed');
  return {
    set,
    unchangedSince,
    mode: item.startsWith('+') ? 'add' : item.startsWith('-') ? 'remove' : 'replace',
    silent: item.endsWith('.SILENT'),
    flags: parseFlagNames(names),
  };
}

/**
 * Those of the flags that the client may change; the others are passed over, unless that leaves none.
 * @throws RefusedError
 * Source: RFC 4314 §4
 */
function permittedFlags(mailbox: SelectedMailbox, flags: Flags, mode: Request['mode']): Flags {
  const { changeableFlags: changeable } = mailbox;
  const permitted = changeablePart(flags, changeable);
  const isEmpty = ({ bits, keywords }: Flags): boolean => bits === 0 && keywords.length === 0;
  if (isEmpty(flags) ? mode === 'replace' && changeable.bits === 0 : isEmpty(permitted)) {
    throw new RefusedError('NO', 'NOPERM', 'Its owner does not allow that to you');
  }
  return permitted;
}

/** Answers written between two looks at the time. */
const messagesBetweenLooks = 16;

async function run(session: Session, args: ArgumentParser, byUid: boolean): Promise<OkReply | undefined> {
  const { set, unchangedSince, mode, silent, flags } = parse(args);
  const mailbox = session.mailboxToChange('');
  const permitted = permittedFlags(mailbox, flags, mode);
  const uids = mailbox.resolve(set, byUid);
  if (unchangedSince !== undefined) session.enableCondstore();
  if (uids.length === 0) return undefined;
  const { changeableFlags: within } = mailbox;
  const change = await mailbox.account.messages.storeFlags(
    mailbox.id,
    uids,
    { mode, flags: permitted },
    { within, ...(unchangedSince === undefined ? {} : { unchangedSince }) },
  );
  const { modified } = change;
  let changed: readonly MessageFlags[] = change.changed;
  const left = new Set([...changed.map(({ uid }) => uid), ...modified]);
  const gone = Array.from(uids.length === left.size ? [] : uids).filter((uid) => !left.has(uid));
  // RFC 2180 §4.1.1: what the client was not told is gone is there for it, also to be flagged.
  if (gone.length > 0 && !byUid && unchangedSince === undefined) {
    const kept = await mailbox.account.messages.storeExpungedFlags(
      mailbox.id,
      gone,
      { mode, flags: permitted },
      within,
    );
    changed = [...changed, ...kept].sort((a, b) => a.uid - b.uid);
  }
  // RFC 9051 §6.4.6: .SILENT doesn't hide what others have changed. When others changed anything, all is told.
  const tells = !silent || session.condstore;
  mailbox.noteOwnChange(change, !silent);
  if (tells) {
    const { out, uidOnly, condstore } = session;
    const pace = new Pace();
    const what = { uidOnly, uid: byUid || session.qresync, flags: !silent, modseq: condstore };
    const responses = new FlagResponses(out, changed.length, what);
    for (const [at, message] of changed.entries()) {
      if (message.keywords.length > 0) await mailbox.announceKeywords(out, message.keywords);
      responses.write(uidOnly ? 0 : mailbox.sequenceOf(message.uid), mailbox.shown(message));
      if (out.full) await out.flush();
      if (at % messagesBetweenLooks === 0 && pace.over) await pace.turn();
    }
  }
  if (modified.length > 0) {
    const named = byUid ? modified : modified.map((uid) => mailbox.sequenceOf(uid));
    return { code: `MODIFIED ${formatNumbers(named)}`, text: 'Some messages had changed' };
  }
  if (byUid || gone.length === 0) return undefined;
  // RFC 2180 §4.2.1: whoever asks for no flags is not told of those that could not be set.
  if (!silent && changed.length < uids.length) {
    throw new RefusedError('NO', 'EXPUNGEISSUED', 'Some of the messages are gone');
  }
  return { code: 'EXPUNGEISSUED', text: 'Some of the messages are gone' };
}
