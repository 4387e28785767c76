import type { ArgumentParser } from '../../imap/argument-parser.ts';
import { listPatternMatcher } from '../../imap/list-pattern.ts';
import { decodeMailboxName } from '../../imap/mailbox-name.ts';
import { parseEntries } from '../../imap/metadata-entries.ts';
import type { Mailbox } from '../../store/mailboxes/mailbox.ts';
import { allRights, type Rights } from '../../store/sharing/rights.ts';
import type { Command } from '../command.ts';
import { findPlace } from '../mailbox-place.ts';
import { readableAnnotations } from '../metadata-access.ts';
import { metadataResponse } from '../metadata-response.ts';
import { Pace } from '../pace.ts';
import { RefusedError } from '../reply.ts';
import { rightsText } from '../rights-text.ts';
import type { Session } from '../session.ts';
import { mayMatchOthers, type SharedMailbox, sharedMailboxes } from '../shared-mailboxes.ts';
import { countForStatus, needsCounting, parseStatusItems, type StatusItem, statusText } from '../status-items.ts';

/** Patterns in one command, and their length together: each is compared with each mailbox. */
const maxPatterns = 100;
const maxPatternChars = 8_000;

interface Request {
  readonly subscribed: boolean;
  readonly specialUse: boolean;
  readonly recursive: boolean;
  readonly reference: string;
  readonly patterns: readonly string[];
  readonly returnSubscribed: boolean;
  readonly status: readonly StatusItem[];
  /** Entries of METADATA. */
  readonly metadata: readonly string[];
  readonly myRights: boolean;
  /** The form of RFC 3501, whose empty pattern asks for the delimiter. */
  readonly basic: boolean;
}

/** Source: RFC 9051 §6.3.9, RFC 5258, RFC 5819, RFC 6154, RFC 8440 (MYRIGHTS), RFC 9590 (METADATA) */
export const list: Command = {
  when: 'logged-in',
  tellsExpunges: true,
  async run(session, args) {
    const request = parse(session, args);
    if (request.basic && request.patterns[0] === '') {
      session.untagged('LIST (\\Noselect) "/" ""');
      return undefined;
    }
    const [mailboxes, subscriptions] = await session.mail.read(async (reader) => [
      await reader.mailboxes.all(),
      request.subscribed || request.returnSubscribed ? await reader.mailboxes.subscriptions() : [],
    ]);
    const matchers = request.patterns.map((pattern) => listPatternMatcher(request.reference + pattern));
    const matches = (name: string): boolean => matchers.some((matcher) => matcher(name));
    if (request.status.includes('HIGHESTMODSEQ')) session.enableCondstore();
    const others = request.patterns.some((pattern) => mayMatchOthers(request.reference + pattern))
      ? await sharedMailboxes(session)
      : [];
    const entries = entriesOf(mailboxes, subscriptions, others);
    const below = request.recursive ? subscribedBelow(entries, matches) : undefined;
    const pace = new Pace();
    for (const entry of entries) {
      if (pace.over) await pace.turn();
      const line = matches(entry.name) ? listLine(session, request, entry, below) : undefined;
      if (line === undefined) continue;
      session.untagged(line);
      // RFC 5819 §3: nothing more of who stands there for what is below it alone.
      if (!isChosen(request, entry)) continue;
      // RFC 8440 §3
      if (request.myRights && entry.mailbox !== undefined) {
        session.untagged(`MYRIGHTS ${session.quotedName(entry.name)} ${rightsText(entry.rights)}`);
      }
      if (request.status.length > 0 && entry.mailbox !== undefined && entry.rights.includes('r')) {
        const text = await entryStatus(session, entry, entry.mailbox, request.status);
        if (text !== undefined) session.untagged(`STATUS ${session.quotedName(entry.name)} ${text}`);
      }
      if (request.metadata.length > 0 && entry.mailbox !== undefined && entry.rights.includes('r')) {
        const text = await entryMetadata(session, entry, entry.mailbox, request.metadata);
        if (text !== undefined) session.untagged(text);
      }
      if (session.out.full) await session.out.flush();
    }
    return undefined;
  },
};

interface Entry {
  readonly name: string;
  readonly mailbox: Mailbox | undefined;
  readonly rights: Rights;
  readonly subscribed: boolean;
  readonly hasChildren: boolean;
}

/**
 * The account of another is opened again only for what its row does not say.
 * @returns undefined when that account is gone by now
 */
async function entryStatus(
  session: Session,
  entry: Entry,
  mailbox: Mailbox,
  items: readonly StatusItem[],
): Promise<string | undefined> {
  if (!needsCounting(session, mailbox, items)) return statusText(session, mailbox, items);
  await using place = await findPlace(session, entry.name).catch(unlessGone);
  return place && statusText(session, mailbox, items, await countForStatus(session, place.account, mailbox, items));
}

/** @returns undefined when there is nothing to tell */
async function entryMetadata(
  session: Session,
  entry: Entry,
  mailbox: Mailbox,
  entries: readonly string[],
): Promise<string | undefined> {
  await using place = await findPlace(session, entry.name).catch(unlessGone);
  if (place === undefined) return undefined;
  const annotations = await readableAnnotations(place, mailbox.id);
  const query = { entries, maxSizeBytes: Number.POSITIVE_INFINITY, depth: 0 };
  return metadataResponse(session.quotedName(entry.name), annotations, query).text;
}

/** The account of a mailbox that was to be listed may be removed meanwhile. */
function unlessGone(error: unknown): undefined {
  if (error instanceof RefusedError && error.responseCode === 'NONEXISTENT') return undefined;
  throw error;
}

/** All names there are: mailboxes, those that others share, what these are below, and names subscribed to that are none. */
function entriesOf(
  mailboxes: readonly Mailbox[],
  subscriptions: readonly string[],
  others: readonly SharedMailbox[],
): Entry[] {
  const nothing = { mailbox: undefined, rights: '' };
  const byName = new Map<string, { mailbox: Mailbox | undefined; rights: Rights }>();
  for (const name of [...parentsOf(others), ...subscriptions]) byName.set(name, nothing);
  for (const { name, mailbox, rights } of others) byName.set(name, { mailbox, rights });
  for (const mailbox of mailboxes) byName.set(mailbox.name, { mailbox, rights: allRights });
  const parents = parentsOf([...mailboxes, ...others]);
  const subscribed = new Set(subscriptions);
  return [...byName]
    .sort(([a], [b]) => (a === 'Inbox' ? -1 : b === 'Inbox' ? 1 : a < b ? -1 : 1))
    .map(([name, { mailbox, rights }]) => ({
      name,
      mailbox,
      rights,
      subscribed: subscribed.has(name),
      hasChildren: parents.has(name),
    }));
}

/** All names that one of the names is below. */
function parentsOf(named: readonly { readonly name: string }[]): Set<string> {
  const parents = new Set<string>();
  for (const { name } of named) {
    for (let end = name.lastIndexOf('/'); end > 0; end = name.lastIndexOf('/', end - 1))
      parents.add(name.slice(0, end));
  }
  return parents;
}

/** Names with something subscribed below them. */
interface SubscribedBelow {
  readonly all: ReadonlySet<string>;
  /** Those with something below that is not listed itself: of others CHILDINFO would say nothing new. */
  readonly unlisted: ReadonlySet<string>;
}

/** Source: RFC 9051 §6.3.9.6 */
function subscribedBelow(entries: readonly Entry[], matches: (name: string) => boolean): SubscribedBelow {
  const subscribed = entries.filter((entry) => entry.subscribed);
  return { all: parentsOf(subscribed), unlisted: parentsOf(subscribed.filter(({ name }) => !matches(name))) };
}

/** Whether an entry meets the selection options itself. */
function isChosen(request: Request, { mailbox, subscribed, hasChildren }: Entry): boolean {
  // A name that is no mailbox is told where it is subscribed to, or leads to mailboxes of others.
  if (!request.subscribed && mailbox === undefined && !hasChildren) return false;
  return (!request.subscribed || subscribed) && (!request.specialUse || (mailbox?.specialUse ?? []).length > 0);
}

/**
 * @param below when it is asked for
 * @returns undefined when the entry is not selected
 */
function listLine(
  session: Session,
  request: Request,
  entry: Entry,
  below: SubscribedBelow | undefined,
): string | undefined {
  const { name, mailbox, subscribed, hasChildren } = entry;
  const specialUse = mailbox?.specialUse ?? [];
  if (!isChosen(request, entry) && below?.unlisted.has(name) !== true) return undefined;
  const childInfo = below?.all.has(name) === true;
  const attributes: string[] = [];
  if (mailbox === undefined) attributes.push(...(request.subscribed ? [] : ['\\Noselect']), '\\NonExistent');
  attributes.push(hasChildren ? '\\HasChildren' : '\\HasNoChildren');
  if ((request.subscribed || request.returnSubscribed) && subscribed) attributes.push('\\Subscribed');
  attributes.push(...specialUse);
  const extended = childInfo ? ' ("CHILDINFO" ("SUBSCRIBED"))' : '';
  return `LIST (${attributes.join(' ')}) "/" ${session.quotedName(name)}${extended}`;
}

function parse(session: Session, args: ArgumentParser): Request {
  args.space();
  let subscribed = false;
  let specialUse = false;
  let recursive = false;
  let basic = true;
  if (args.peek() === '(') {
    basic = false;
    args.list(() => {
      const option = args.word();
      if (option === 'SUBSCRIBED') subscribed = true;
      else if (option === 'SPECIAL-USE') specialUse = true;
      else if (option === 'RECURSIVEMATCH') recursive = true;
      else if (option !== 'REMOTE') args.fail('Unknown selection option');
    });
    // RFC 9051 §6.3.9.1
    if (recursive && !subscribed) args.fail('RECURSIVEMATCH needs SUBSCRIBED');
    args.space();
  }
  const reference = patternText(session, args.astring());
  args.space();
  const patterns: string[] = [];
  if (args.peek() === '(') {
    basic = false;
    args.list(() => {
      patterns.push(patternText(session, args.listMailbox()));
      if (patterns.length > maxPatterns) args.fail('Too many patterns');
    }, 1);
  } else patterns.push(patternText(session, args.listMailbox()));
  if (patterns.length * reference.length + patterns.join('').length > maxPatternChars) args.fail('Patterns too long');
  let returnSubscribed = false;
  let myRights = false;
  let status: StatusItem[] = [];
  let metadata: string[] = [];
  if (args.takeIf(' RETURN ')) {
    basic = false;
    args.list(() => {
      const option = args.word();
      if (option === 'SUBSCRIBED') returnSubscribed = true;
      else if (option === 'MYRIGHTS') myRights = true;
      else if (option === 'STATUS') {
        args.space();
        status = parseStatusItems(args);
      } else if (option === 'METADATA') {
        args.space();
        metadata = parseEntries(args);
      } else if (option !== 'CHILDREN' && option !== 'SPECIAL-USE') args.fail('Unknown return option');
    });
  }
  args.end();
  return {
    subscribed,
    specialUse,
    recursive,
    reference,
    patterns,
    returnSubscribed,
    status,
    myRights,
    metadata,
    basic,
  };
}

/** What is no name in the encoding matches none: the character that stands in for it is in no name. Source: RFC 3501 §5.1.3 */
function patternText(session: Session, bytes: string): string {
  return decodeMailboxName(bytes, session.utf8) ?? '\0';
}
