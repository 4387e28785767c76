import type { ArgumentParser } from '../../imap/argument-parser.ts';
import { parseSearchProgram, type SearchKey } from '../../imap/search-keys.ts';
import { formatNumbers } from '../../imap/sequence-set.ts';
import type { Command } from '../command.ts';
import { replyToError } from '../error-replies.ts';
import { type OkReply, RefusedError } from '../reply.ts';
import { type Found, searchMailbox } from '../search-mailbox.ts';
import type { Session } from '../session.ts';

/** Source: RFC 9051 §6.4.4, RFC 3501 §6.4.4, RFC 7162 §3.1.5 */
export const search: Command = {
  when: 'selected',
  tellsExpunges: false,
  run: (session, args) => run(session, args, false),
};

/** Source: RFC 9051 §6.4.9 */
export const uidSearch: Command = {
  when: 'selected',
  tellsExpunges: true,
  run: (session, args) => run(session, args, true),
};

type ReturnOption = 'MIN' | 'MAX' | 'ALL' | 'COUNT' | 'SAVE';

async function run(session: Session, args: ArgumentParser, byUid: boolean): Promise<OkReply | undefined> {
  const { mailbox } = session;
  args.space();
  const options = args.takeIf('RETURN ') ? parseReturn(args) : undefined;
  // RFC 6855 §3
  if (session.utf8Accepted && !session.rev2 && /^CHARSET /i.test(args.rest)) {
    throw new RefusedError('BAD', undefined, 'CHARSET cannot be given after UTF8=ACCEPT');
  }
  const saves = options?.has('SAVE') === true;
  let found: Found;
  let asksModseq = false;
  try {
    const key = parseSearchProgram(args);
    asksModseq = hasModseq(key);
    if (asksModseq) session.enableCondstore();
    found = await searchMailbox(mailbox, key, { nowMs: session.server.clock.now(), wantsModseqs: asksModseq });
  } catch (error) {
    // RFC 9051 §6.4.4.1: NO empties what was saved, BAD leaves it.
    if (saves && replyToError(error).status === 'NO') mailbox.saved = new Uint32Array(0);
    throw error;
  }
  const { uids } = found;
  if (saves) mailbox.saved = savedUids(uids, options);
  const numbers = byUid ? uids : uids.map((uid) => mailbox.sequenceOf(uid));
  if (options === undefined && !session.rev2) {
    const modseq = asksModseq && uids.length > 0 ? ` (MODSEQ ${highestOf(found.modseqs)})` : '';
    session.untagged(`SEARCH${numbers.length === 0 ? '' : ` ${numbers.join(' ')}`}${modseq}`);
  } else if (!(saves && options.size === 1)) {
    const tag = args.text.slice(0, args.text.indexOf(' '));
    session.untagged(
      extendedResponse(tag, byUid, options ?? new Set(['ALL']), numbers, asksModseq ? found : undefined),
    );
  }
  return undefined;
}

/** `RETURN ()` is `RETURN (ALL)`. */
function parseReturn(args: ArgumentParser): Set<ReturnOption> {
  const options = new Set<ReturnOption>();
  args.list(() => {
    const name = args.word();
    switch (name) {
      case 'MIN':
      case 'MAX':
      case 'ALL':
      case 'COUNT':
      case 'SAVE':
        options.add(name);
        return;
    }
    args.fail('Unknown return option');
  });
  args.space();
  if (options.size === 0) options.add('ALL');
  return options;
}

/** RFC 9051 §6.4.4.4: with MIN or MAX alone only those are saved. */
function savedUids(uids: Uint32Array, options: ReadonlySet<ReturnOption>): Uint32Array {
  const extremes = options.has('MIN') || options.has('MAX');
  if (!extremes || options.has('ALL') || options.has('COUNT') || uids.length === 0) return uids;
  const saved = new Set<number>();
  if (options.has('MIN')) saved.add(uids[0]);
  if (options.has('MAX')) saved.add(uids[uids.length - 1]);
  return Uint32Array.from(saved);
}

/** RFC 9051 §7.3.4; RFC 7162 §3.1.10 (MODSEQ) */
function extendedResponse(
  tag: string,
  byUid: boolean,
  options: ReadonlySet<ReturnOption>,
  numbers: Uint32Array,
  withModseq: Found | undefined,
): string {
  let text = `ESEARCH (TAG "${tag}")${byUid ? ' UID' : ''}`;
  const last = numbers.length - 1;
  if (last >= 0) {
    if (options.has('MIN')) text += ` MIN ${numbers[0]}`;
    if (options.has('MAX')) text += ` MAX ${numbers[last]}`;
    if (options.has('ALL')) text += ` ALL ${formatNumbers(numbers)}`;
  }
  if (options.has('COUNT')) text += ` COUNT ${numbers.length}`;
  const modseqs = withModseq?.modseqs;
  if (modseqs === undefined || last < 0) return text;
  if (options.has('ALL') || options.has('COUNT') || !(options.has('MIN') || options.has('MAX'))) {
    return `${text} MODSEQ ${highestOf(modseqs)}`;
  }
  const told: number[] = [];
  if (options.has('MIN')) told.push(modseqs[0]);
  if (options.has('MAX')) told.push(modseqs[last]);
  return `${text} MODSEQ ${highestOf(told)}`;
}

function highestOf(modseqs: readonly number[] | undefined): number {
  let highest = 1;
  for (const modseq of modseqs ?? []) if (modseq > highest) highest = modseq;
  return highest;
}

function hasModseq(key: SearchKey): boolean {
  if (key.kind === 'modseq') return true;
  if (key.kind === 'not') return hasModseq(key.key);
  return (key.kind === 'and' || key.kind === 'or') && key.keys.some(hasModseq);
}
