import { decodeUtf8, ownText } from '../imap/byte-text.ts';
import { decodeModifiedUtf7 } from '../imap/mailbox-name.ts';
import { ImapResponseError, type ResponseValue } from '../imap/response-parser.ts';
import type { ByteText } from '../message/structure.ts';
import { limits } from '../runtime/limits.ts';
import { ImapRefusedError } from './imap-client-error.ts';
import type { ImapSession, UntaggedResponse } from './imap-session.ts';
import { quotedString } from './quoted-string.ts';

/** A mailbox as the server lists it. */
export interface ListedMailbox {
  /** As it came, to be sent back so. */
  readonly wireName: ByteText;
  readonly name: string;
  /** Between levels of its name; undefined for a flat one. */
  readonly delimiter: string | undefined;
  /** In lower case: `\noselect`, `\sent`. */
  readonly attributes: ReadonlySet<string>;
  readonly subscribed: boolean;
}

/** Prefixes of names: RFC 2342. */
export interface Namespaces {
  readonly personal: readonly Namespace[];
  /** Those of other users, and shared ones. */
  readonly others: readonly Namespace[];
}

export interface Namespace {
  readonly prefix: string;
  readonly delimiter: string | undefined;
}

/**
 * Lists all mailboxes, with special uses where the server has them, and subscriptions.
 * @throws ImapRefusedError, ImapConnectionError; ImapResponseError when there are more than an account may have
 * Source: RFC 9051 §6.3.9, RFC 6154 §5, RFC 3501 §6.3.9 (LSUB)
 */
export async function listMailboxes(session: ImapSession): Promise<ListedMailbox[]> {
  const listed = new Map<ByteText, Omit<ListedMailbox, 'subscribed'>>();
  let bytes = 0;
  const onList = (response: UntaggedResponse): void => {
    if (response.name !== 'LIST') return;
    const mailbox = toMailbox(session, response.values());
    // Below it there are none, and it can't be opened.
    if (mailbox === undefined || mailbox.attributes.has('\\nonexistent')) return;
    listed.set(mailbox.wireName, mailbox);
    bytes += bytesOf(mailbox);
    if (listed.size > limits.importMailboxes || bytes > limits.importListBytes)
      throw new ImapResponseError('there is no end to its mailboxes');
  };
  const returnsUses = session.has('SPECIAL-USE') && (session.has('LIST-EXTENDED') || session.has('IMAP4REV2'));
  try {
    await session.command(`LIST "" "*"${returnsUses ? ' RETURN (SPECIAL-USE)' : ''}`, { onUntagged: onList });
  } catch (error) {
    if (!(error instanceof ImapRefusedError) || !returnsUses) throw error;
    bytes = 0;
    await session.command('LIST "" "*"', { onUntagged: onList });
  }
  const subscribed = await listSubscriptions(session);
  return [...listed.values()].map((mailbox) => ({ ...mailbox, subscribed: subscribed.has(mailbox.wireName) }));
}

async function listSubscriptions(session: ImapSession): Promise<ReadonlySet<ByteText>> {
  const names = new Set<ByteText>();
  let bytes = 0;
  const old = session.has('IMAP4REV1');
  const onUntagged = (response: UntaggedResponse): void => {
    if (response.name !== (old ? 'LSUB' : 'LIST')) return;
    const mailbox = toMailbox(session, response.values());
    // RFC 3501 §6.3.9: with \Noselect it is only on the way to one that is subscribed.
    if (mailbox === undefined || (old && mailbox.attributes.has('\\noselect'))) return;
    names.add(mailbox.wireName);
    bytes += bytesOf(mailbox);
    if (names.size > limits.subscriptionsPerAccount || bytes > limits.importListBytes)
      throw new ImapResponseError('there is no end to its subscriptions');
  };
  await session.command(old ? 'LSUB "" "*"' : 'LIST (SUBSCRIBED) "" "*"', { onUntagged });
  return names;
}

/** @returns what the server has; without the extension, nothing. Source: RFC 2342 §5 */
export async function listNamespaces(session: ImapSession): Promise<Namespaces | undefined> {
  if (!session.has('NAMESPACE') && !session.has('IMAP4REV2')) return undefined;
  let found: Namespaces | undefined;
  await session.command('NAMESPACE', {
    onUntagged(response) {
      if (response.name !== 'NAMESPACE') return;
      const [personal, users, shared] = response.values().map((value) => toNamespaces(session, value));
      found = { personal: personal ?? [], others: [...(users ?? []), ...(shared ?? [])] };
    },
  });
  return found;
}

/** How a name is sent: it has no line ends, and servers take it as they wrote it. */
export function mailboxArgument(wireName: ByteText): ByteText {
  return quotedString(wireName);
}

function toMailbox(session: ImapSession, values: readonly ResponseValue[]) {
  const [attributes, delimiter, wireName] = values;
  if (!Array.isArray(attributes) || typeof delimiter === 'symbol' || Array.isArray(delimiter)) {
    throw new ImapResponseError('LIST is not of its form');
  }
  // A mailbox may be called NIL.
  const name = wireName === null ? 'NIL' : wireName;
  if (typeof name !== 'string') throw new ImapResponseError('LIST has no name');
  // There are servers that list "" for their root; and what can't be written in one line can't be asked for.
  if (name === '' || /[\r\n\0]/.test(name)) return undefined;
  const own = ownText(name);
  return {
    wireName: own,
    name: decodeName(session, own),
    delimiter: typeof delimiter === 'string' && delimiter !== '' ? ownText(delimiter) : undefined,
    attributes: new Set((attributes as readonly ResponseValue[]).map((each) => ownText(String(each).toLowerCase()))),
  };
}

/** Memory that a mailbox takes, roughly. */
function bytesOf({ wireName, delimiter = '', attributes }: Omit<ListedMailbox, 'subscribed'>): number {
  let bytes = 0;
  for (const text of [wireName, delimiter, ...attributes]) bytes += text.length + 20;
  return bytes;
}

function toNamespaces(session: ImapSession, value: ResponseValue): Namespace[] {
  if (!Array.isArray(value)) return [];
  return (value as readonly ResponseValue[]).slice(0, 100).flatMap((each) => {
    if (!Array.isArray(each) || typeof each[0] !== 'string') return [];
    const [prefix, delimiter] = each as readonly ResponseValue[];
    return [
      {
        prefix: decodeName(session, prefix as ByteText),
        delimiter: typeof delimiter === 'string' && delimiter !== '' ? delimiter : undefined,
      },
    ];
  });
}

/** Names that break the rules are taken as they are: RFC 9051 §5.1, RFC 3501 §5.1.3. */
function decodeName(session: ImapSession, wireName: ByteText): string {
  const decoded = session.utf8 ? undefined : decodeModifiedUtf7(wireName);
  return (decoded ?? decodeUtf8(wireName) ?? wireName).normalize('NFC');
}

/** Enables names and headers in UTF-8, where the server knows that: else it may change messages that have them. Source: RFC 6855 §3 */
export async function enableUtf8(session: ImapSession): Promise<void> {
  // A server of IMAP4rev2 alone always has names in UTF-8.
  if (!session.has('IMAP4REV1')) session.utf8 = true;
  if (!session.has('ENABLE') || !(session.has('UTF8=ACCEPT') || session.has('UTF8=ONLY'))) return;
  await session.command('ENABLE UTF8=ACCEPT', {
    onUntagged(response) {
      if (response.name !== 'ENABLED') return;
      if (response.values().some((value) => /^UTF8=ACCEPT$/i.test(String(value)))) session.utf8 = true;
    },
  });
}
