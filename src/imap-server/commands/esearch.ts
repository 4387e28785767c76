import type { ArgumentParser } from '../../imap/argument-parser.ts';
import { type MailboxFilter, parseMailboxFilter } from '../../imap/mailbox-filter.ts';
import type { SearchKey } from '../../imap/search-keys.ts';
import { resolveRanges } from '../../imap/sequence-set.ts';
import type { Mailbox } from '../../store/mailboxes/mailbox.ts';
import type { Command } from '../command.ts';
import { keepUpdated, refuseUpdates } from '../keep-updated.ts';
import { findPlace, type MailboxPlace } from '../mailbox-place.ts';
import { mailboxMatcher } from '../match-mailboxes.ts';
import { openSelected, type Selection } from '../open-selected.ts';
import { forSaving, parseSearchRequest, parseWanted } from '../parse-search.ts';
import { relevancyText } from '../relevancy.ts';
import { RefusedError } from '../reply.ts';
import { hasModseq, searchMailbox } from '../search-mailbox.ts';
import { extendedResponse, isTold, type ReturnOptions, savedUids } from '../search-return.ts';
import type { SelectedMailbox } from '../selected-mailbox.ts';
import type { Session } from '../session.ts';
import { sharedMailboxes } from '../shared-mailboxes.ts';

/** Searches mailboxes, of which none need be selected. Source: RFC 7377 §2 */
export const esearch: Command = {
  when: 'logged-in',
  tellsExpunges: true,
  async run(session, args) {
    args.space();
    const filters = args.takeIf('IN ') ? parseSources(args) : [{ kind: 'selected' } as const];
    const request = parseSearchRequest(session, args);
    const { tag, options } = request;
    checkOptions(session, filters, options, args);
    await forSaving(session, request, async () => {
      const { key, asksModseq } = parseWanted(session, args, { charset: 'optional', fuzzy: request.tellsRelevancy });
      if (asksModseq) session.selected?.noteModseqsShown();
      await searchAll(session, await sources(session, filters), { tag, options, key });
    });
    return undefined;
  },
};

/** `(personal)`, `(mailboxes a subtree (b c))`. No scope options are defined that could follow. */
function parseSources(args: ArgumentParser): MailboxFilter[] {
  const filters: MailboxFilter[] = [];
  args.list(() => {
    const filter = parseMailboxFilter(args);
    if (filter.kind === 'selected-delayed') args.fail('SELECTED-DELAYED is not for searching');
    filters.push(filter);
  }, 1);
  args.space();
  return filters;
}

/** @throws RefusedError, ImapSyntaxError. Source: RFC 7377 §2.2 */
function checkOptions(
  session: Session,
  filters: readonly MailboxFilter[],
  { names }: ReturnOptions,
  args: ArgumentParser,
): void {
  const isSelected = ({ kind }: MailboxFilter): boolean => kind === 'selected';
  if (session.selected === undefined && (filters.some(isSelected) || names.has('UPDATE'))) {
    throw new RefusedError('BAD', undefined, 'Select a mailbox first');
  }
  if (names.has('SAVE') && !filters.every(isSelected)) args.fail('SAVE is for the selected mailbox alone');
}

/** A mailbox to search: whose it is, and the name that the client knows it by. */
interface Source {
  readonly owner: string;
  readonly name: string;
  readonly mailbox: Mailbox;
}

/** Each mailbox once, whatever it matches. @throws RefusedError */
async function sources(session: Session, filters: readonly MailboxFilter[]): Promise<Source[]> {
  const matchers = filters.map((filter) => mailboxMatcher(session, filter));
  const wantsSelected = filters.some(({ kind }) => kind === 'selected');
  const own = await session.mail.read((reader) => reader.mailboxes.all());
  const subscriptions = new Set(await session.mail.read((reader) => reader.mailboxes.subscriptions()));
  const all = [
    ...own.map((mailbox) => ({ owner: session.mail.name, name: mailbox.name, mailbox, shared: false })),
    ...(await sharedMailboxes(session))
      .filter(({ rights }) => rights.includes('r'))
      .map(({ owner, name, mailbox }) => ({ owner, name, mailbox, shared: true })),
  ];
  const selected = wantsSelected ? await selectedOfOthers(session) : undefined;
  if (selected !== undefined && !all.some((source) => isSelected(session, source))) all.push(selected);
  const mailboxes = all.filter((source) => {
    const { name, shared } = source;
    if (wantsSelected && isSelected(session, source)) return true;
    return matchers.some((matches) => matches({ name, shared, subscribed: subscriptions.has(name) }));
  });
  // RFC 7377 §2.4
  if (mailboxes.length > session.server.limits.imapSearchedMailboxes) {
    throw new RefusedError('NO', 'LIMIT', 'Too many mailboxes to search');
  }
  return mailboxes;
}

/** The selected mailbox when it is another's, which may be read without being looked up. */
async function selectedOfOthers({ selected, out }: Session): Promise<(Source & { readonly shared: true }) | undefined> {
  if (selected?.shared !== true) return undefined;
  try {
    await selected.renewRights(out);
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error;
    return undefined;
  }
  const mailbox = await selected.account.read((reader) => reader.mailboxes.byId(selected.id));
  if (mailbox === undefined) return undefined;
  return { owner: selected.account.name, name: selected.nameOf(mailbox), mailbox, shared: true };
}

function isSelected({ selected }: Session, { owner, mailbox }: Source): boolean {
  return selected?.account.name === owner && selected.id === mailbox.id;
}

interface Request {
  readonly tag: string;
  readonly options: ReturnOptions;
  readonly key: SearchKey;
}

async function searchAll(session: Session, mailboxes: readonly Source[], request: Request): Promise<void> {
  let updated = false;
  for (const source of mailboxes) {
    if (session.selected !== undefined && isSelected(session, source)) {
      await searchOne(session, source, session.selected, request);
      updated = true;
    } else if (source.mailbox.messages > 0) {
      const opened = await open(session, source.name);
      // It was deleted in between, or may not be read any more.
      if (opened === undefined) continue;
      using view = opened.selected;
      await searchOne(session, { ...source, mailbox: opened.mailbox }, view, request);
    }
    if (session.out.full) await session.out.flush();
  }
  if (request.options.names.has('UPDATE') && !updated) {
    refuseUpdates(session, request.tag, 'The selected mailbox was not searched');
  }
}

async function open(session: Session, name: string): Promise<Selection | undefined> {
  let place: MailboxPlace | undefined;
  let opened: Selection | undefined;
  try {
    place = await findPlace(session, name);
    opened = await openSelected(place, { readOnly: true, since: undefined, memory: session.server.memory });
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error;
  } finally {
    // A view gives the place up itself.
    if (opened === undefined) await place?.[Symbol.asyncDispose]();
  }
  return opened;
}

async function searchOne(
  session: Session,
  { name, mailbox: { uidValidity } }: Source,
  view: SelectedMailbox,
  { tag, options, key: asked }: Request,
): Promise<void> {
  const key = withinMailbox(asked, view.uids.count);
  const wantsModseqs = hasModseq(key);
  const { uids, modseqs, relevancy } = await searchMailbox(view, key, {
    nowMs: session.server.clock.now(),
    wantsModseqs,
  });
  const { names } = options;
  if (names.has('SAVE')) view.saved = savedUids(uids, options);
  const correlator = `TAG "${tag}" MAILBOX ${session.quotedName(name)} UIDVALIDITY ${uidValidity}`;
  // RFC 7377 §2.1: nothing is said of mailboxes where nothing was found.
  if (uids.length > 0 && isTold(options)) {
    const fits = names.has('RELEVANCY') ? relevancyText(relevancy, uids) : '';
    session.untagged(extendedResponse(correlator, true, options, uids, wantsModseqs ? modseqs : undefined) + fits);
  }
  if (names.has('UPDATE') && view === session.selected) {
    keepUpdated(session, {
      tag,
      correlator,
      byUid: true,
      key,
      order: undefined,
      attributes: options.attributes,
      found: uids,
    });
  }
}

/** RFC 7377 §2: message numbers beyond the end of a mailbox are no error. */
function withinMailbox(key: SearchKey, count: number): SearchKey {
  switch (key.kind) {
    case 'and':
    case 'or':
      return { kind: key.kind, keys: key.keys.map((inner) => withinMailbox(inner, count)) };
    case 'not':
    case 'fuzzy':
      return { kind: key.kind, key: withinMailbox(key.key, count) };
    case 'sequence': {
      if (key.set.saved) return key;
      const ranges: number[] = [];
      const resolved = resolveRanges(key.set, count);
      for (let at = 0; at < resolved.length; at += 2) {
        if (resolved[at] <= count) ranges.push(resolved[at], Math.min(resolved[at + 1], count));
      }
      return { kind: 'sequence', set: { saved: false, ranges } };
    }
    default:
      return key;
  }
}
