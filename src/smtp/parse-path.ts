import { limits } from '../runtime/limits.ts';
import type { Address } from './address.ts';
import { parseAddressLiteral, parseDomain } from './domain.ts';
import { SmtpError } from './smtp-error.ts';

// RFC 6531 §3.3 takes all of Unicode. Control characters and line separators (RFC 5198 §2) would begin a line of the header where
// somebody takes them for line ends.
const dotString = /[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~.\u00a0-\u2027\u202a-\u{10ffff}]+/uy;
const quotedString = /"(?:[\x20\x21\x23-\x5b\x5d-\x7e\u00a0-\u2027\u202a-\u{10ffff}]|\\[\x20-\x7e])*"/uy;
const sourceRoute = /@[A-Za-z0-9.-]+(?:,@[A-Za-z0-9.-]+)*:/y;

export interface ParsedPath {
  /** Undefined for `<>`. */
  readonly address: Address | undefined;
  /** Where the text goes on after `>`. */
  readonly end: number;
}

/**
 * Reads a path in angle brackets. A source route is accepted and ignored (RFC 5321 §4.1.1.3 and appendix C).
 * @param kind a reverse path may be empty; a forward path may be `<postmaster>` without domain
 * @throws SmtpError 501 or 553
 * Source: RFC 5321 §4.1.2, RFC 6531 §3.3
 */
export function parsePath(text: string, start: number, kind: 'reverse' | 'forward'): ParsedPath {
  if (text[start] !== '<') throw badPath(kind, 'an address in angle brackets is needed');
  let at = start + 1;
  if (text[at] === '>') {
    if (kind === 'forward') throw badPath(kind, 'the address is empty');
    return { address: undefined, end: at + 1 };
  }
  at += matchAt(sourceRoute, text, at).length;
  const local = matchAt(text[at] === '"' ? quotedString : dotString, text, at);
  if (local === '') throw badPath(kind, 'no such form of address');
  at += local.length;
  const localpart = local[0] === '"' ? local.slice(1, -1).replace(/\\(.)/g, '$1') : local;
  if (local[0] !== '"' && (local.startsWith('.') || local.endsWith('.') || local.includes('..'))) {
    throw badPath(kind, 'a dot is out of place');
  }
  if (localpart === '') throw badPath(kind, 'the localpart is empty');
  const longest = kind === 'reverse' ? limits.smtpSenderLocalpartBytes : limits.smtpRecipientLocalpartBytes;
  if (Buffer.byteLength(localpart) > longest) throw badPath(kind, 'the localpart is too long');

  if (text[at] === '>' && kind === 'forward' && localpart.toLowerCase() === 'postmaster') {
    return { address: { localpart, domain: '' }, end: at + 1 };
  }
  if (text[at] !== '@') throw badPath(kind, 'the domain is missing');
  const close = text.indexOf('>', at);
  if (close === -1) throw badPath(kind, 'the closing bracket is missing');
  const domainText = text.slice(at + 1, close);
  const domain = readDomain(domainText);
  if (domain === undefined) throw badPath(kind, 'the domain is malformed');
  if (Buffer.byteLength(text.slice(start, close + 1)) > limits.smtpPathBytes) throw badPath(kind, 'it is too long');
  return { address: { localpart, domain }, end: close + 1 };
}

/** @returns the domain, or a literal that stands for one, in its one form */
function readDomain(text: string): string | undefined {
  if (!text.startsWith('[')) return parseDomain(text);
  const address = parseAddressLiteral(text);
  if (address === undefined) return undefined;
  return address.includes(':') ? `[IPv6:${address}]` : `[${address}]`;
}

function matchAt(pattern: RegExp, text: string, at: number): string {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0] ?? '';
}

// RFC 3463 §3.2: X.1.7 bad sender's, X.1.3 bad destination mailbox address syntax.
function badPath(kind: 'reverse' | 'forward', detail: string): SmtpError {
  return kind === 'reverse'
    ? new SmtpError(501, '5.1.7', `Bad sender address: ${detail}`)
    : new SmtpError(501, '5.1.3', `Bad recipient address: ${detail}`);
}
