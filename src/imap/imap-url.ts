import type { ByteText } from '../message/structure.ts';
import { ArgumentParser } from './argument-parser.ts';
import { decodeUtf8 } from './byte-text.ts';
import { parseSectionText, type Section } from './fetch-items.ts';
import { ImapSyntaxError } from './syntax-error.ts';

/** A message, or a part of one, as a URL names it. */
export interface MessageUrl {
  /** Undefined in a relative URL. */
  readonly server: { readonly user: string | undefined; readonly host: string } | undefined;
  /** Undefined: the one that is selected. */
  readonly mailbox: string | undefined;
  readonly uidValidity: number | undefined;
  readonly uid: number;
  readonly section: Section;
  /** Milliseconds; undefined when it doesn't end. */
  readonly expiresAt: number | undefined;
  readonly urlAuth: UrlAuth | undefined;
}

/** Who may use a URL, and the proof that its owner says so. */
export interface UrlAuth {
  readonly access: 'submit' | 'user' | 'authuser' | 'anonymous';
  readonly user: string | undefined;
  /** What the token is for: the URL up to it. */
  readonly rump: ByteText;
  readonly mechanism: string | undefined;
  readonly token: string | undefined;
}

const absoluteForm = /^imap:\/\/(?:([^@/;]*)(?:;AUTH=[^@/]*)?@)?(\[[\da-f:.]+\]|[\w.-]+)(?::\d{1,5})?\/(.*)$/is;
const pathForm =
  /^(?<mailbox>[^;?]*?)(?:;UIDVALIDITY=(?<validity>[1-9]\d{0,9}))?(?<slash>\/?);UID=(?<uid>[1-9]\d{0,9})(?:\/;SECTION=(?<section>[^;?]+))?(?:\/;PARTIAL=(?<start>\d{1,10})(?:\.(?<count>[1-9]\d{0,9}))?)?(?:;EXPIRE=(?<expire>[^;]+))?(?:;URLAUTH=(?<auth>[^;?]+))?$/i;
const authForm =
  /^(?:(?<kind>submit|user)\+(?<user>[^:]+)|(?<plain>authuser|anonymous))(?::(?<mechanism>[A-Z\d.-]+):(?<token>[\dA-F]{32,512}))?$/i;
/** RFC 5092 §11 `bchar`. */
const escapedForm = /^(?:%[\da-f]{2}|[\w.~!$'()*+,&=:@/-])*$/i;
const timeForm = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/i;

/**
 * Parses the URL of a message or of a part of one, absolute or relative to the server or to the mailbox that is selected.
 * @returns undefined for all other URLs
 * Source: RFC 5092 §11, RFC 4467 §9, RFC 4469 §3
 */
export function parseMessageUrl(text: ByteText): MessageUrl | undefined {
  const absolute = absoluteForm.exec(text);
  // RFC 3986 §4.2: what begins so isn't relative to a server.
  if (absolute === null && /^(?:\/\/|[a-z][a-z\d+.-]*:)/i.test(text)) return undefined;
  const path = absolute?.[3] ?? text.replace(/^\//, '');
  const parts = pathForm.exec(path)?.groups;
  if (parts === undefined) return undefined;
  // Without a mailbox there is no slash but in a URL that is relative to the selected one.
  const inSelected = parts.mailbox === '' && absolute === null && !text.startsWith('/');
  if (!inSelected && (parts.mailbox === '' || parts.slash === '')) return undefined;
  if (inSelected && (parts.slash !== '' || parts.validity !== undefined)) return undefined;
  const mailbox = unescapeUrl(parts.mailbox);
  const user = absolute?.[1] === undefined ? undefined : unescapeUrl(absolute[1]);
  const section = sectionOf(parts.section, parts.start, parts.count);
  const expiresAt = parts.expire === undefined ? undefined : timeOf(parts.expire);
  const urlAuth = parts.auth === undefined ? undefined : urlAuthOf(text, parts.auth);
  if (mailbox === undefined || section === undefined || Number(parts.uid) > 0xffff_ffff) return undefined;
  if (absolute?.[1] !== undefined && user === undefined) return undefined;
  if (parts.expire !== undefined && expiresAt === undefined) return undefined;
  if (parts.auth !== undefined && urlAuth === undefined) return undefined;
  return {
    server: absolute === null ? undefined : { user, host: absolute[2].toLowerCase() },
    mailbox: inSelected ? undefined : mailbox,
    uidValidity: parts.validity === undefined ? undefined : Number(parts.validity),
    uid: Number(parts.uid),
    section,
    expiresAt,
    urlAuth,
  };
}

/** @returns undefined for what is not escaped as it must be, or no UTF-8 */
function unescapeUrl(text: ByteText): string | undefined {
  if (!escapedForm.test(text)) return undefined;
  const bytes = text.replace(/%(..)/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return bytes.includes('\0') ? undefined : decodeUtf8(bytes);
}

function sectionOf(text: string | undefined, start: string | undefined, count: string | undefined) {
  const partial =
    start === undefined
      ? undefined
      : { start: Number(start), count: count === undefined ? Number.MAX_SAFE_INTEGER : Number(count) };
  if (text === undefined) return { part: [], text: '', fields: [], partial } satisfies Section;
  const plain = unescapeUrl(text);
  if (plain === undefined) return undefined;
  try {
    return { ...parseSectionText(new ArgumentParser(plain)), partial };
  } catch (error) {
    if (error instanceof ImapSyntaxError) return undefined;
    throw error;
  }
}

/** RFC 3339 §5.6 */
function timeOf(text: string): number | undefined {
  const time = timeForm.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(time) ? undefined : time;
}

function urlAuthOf(url: ByteText, text: string): UrlAuth | undefined {
  const parts = authForm.exec(text)?.groups;
  if (parts === undefined) return undefined;
  const user = parts.user === undefined ? undefined : unescapeUrl(parts.user);
  if (parts.user !== undefined && user === undefined) return undefined;
  const verifier = parts.mechanism === undefined ? '' : `:${parts.mechanism}:${parts.token}`;
  return {
    access: (parts.kind ?? parts.plain).toLowerCase() as UrlAuth['access'],
    user,
    rump: url.slice(0, url.length - verifier.length),
    mechanism: parts.mechanism?.toUpperCase(),
    token: parts.token?.toLowerCase(),
  };
}
