import { createHash, type KeyObject, sign } from 'node:crypto';
import { promisify } from 'node:util';
import { normaliseDomain } from '../../message/domain.ts';
import { type HeaderField, headerValues, splitHeader } from '../../message/header-fields.ts';
import { parseAddressList } from '../../message/parse-address-list.ts';
import type { ByteText } from '../../message/structure.ts';
import { RestanteError } from '../../runtime/errors.ts';
import { limits } from '../../runtime/limits.ts';
import { headerEnd } from './header-end.ts';
import { RelaxedBodyHash } from './relaxed-body-hash.ts';
import { relaxedField } from './relaxed-field.ts';

/** A key to sign with; its public half is in DNS at `<selector>._domainkey.<domain>`. */
export interface DkimSigner {
  /** A-labels. */
  readonly domain: string;
  readonly selector: string;
  /** RSA or Ed25519. */
  readonly key: KeyObject;
}

/** Fields that are signed one time more than they are there: another one in front breaks the signature (RFC 6376 §8.15). */
const sealedFields = ['from', 'to', 'cc', 'subject', 'date', 'message-id', 'mime-version', 'content-type'];
/** Fields that are signed when they are there. Source: RFC 6376 §5.4.1 */
const signedFields = [
  'reply-to',
  'in-reply-to',
  'references',
  'content-transfer-encoding',
  'resent-date',
  'resent-from',
  'resent-to',
  'resent-cc',
  'list-id',
  'list-help',
  'list-unsubscribe',
  'list-unsubscribe-post',
  'list-subscribe',
  'list-post',
  'list-owner',
  'list-archive',
];
const signBytes = promisify(sign);

/** A message can't be signed, whoever tries. */
export class CannotSignError extends RestanteError {
  constructor(detail: string) {
    super('cannot-sign', `Cannot sign the message: ${detail}`);
  }
}

/**
 * Signs a message: c=relaxed/relaxed, a=rsa-sha256 or ed25519-sha256 by the key. Memory doesn't grow with the message.
 * @param content all bytes, header first, with CRLF line ends
 * @param signersFor the keys for the domain (A-labels) of the first author; none: the rest of the content isn't read
 * @param now milliseconds
 * @returns DKIM-Signature fields with their line ends, to stand before the header; empty without keys or author
 * @throws CannotSignError when the header is too long, and what `content` and `signersFor` throw
 * Source: RFC 6376 §3.7, §5; RFC 8463
 */
export async function dkimSign(
  content: AsyncIterable<Uint8Array>,
  signersFor: (domain: string) => Promise<readonly DkimSigner[]>,
  now: number,
): Promise<ByteText> {
  const hash = new RelaxedBodyHash();
  let head: Buffer | undefined = Buffer.alloc(0);
  let header: ByteText = '';
  let signers: readonly DkimSigner[] = [];
  const begin = async (text: ByteText): Promise<void> => {
    header = text;
    signers = await signersFor(authorDomain(header));
  };
  for await (const chunk of content) {
    if (head === undefined) {
      hash.update(chunk);
      continue;
    }
    head = head.length === 0 ? Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length) : Buffer.concat([head, chunk]);
    const end = headerEnd(head);
    if (end === undefined) {
      if (head.length > limits.headerBytes) throw new CannotSignError('its header is too long');
      continue;
    }
    await begin(head.toString('latin1', 0, end.header));
    if (signers.length === 0) return '';
    hash.update(head.subarray(end.body));
    head = undefined;
  }
  if (head !== undefined) await begin(head.toString('latin1'));
  if (signers.length === 0) return '';
  const bodyHash = hash.digest();
  const fields = splitHeader(header);
  const signatures = await Promise.all(signers.map((signer) => signatureField(signer, header, fields, bodyHash, now)));
  return signatures.join('');
}

function authorDomain(header: ByteText): string {
  const [from = ''] = headerValues(header, splitHeader(header), 'from');
  const domain = parseAddressList(from)[0]?.domain ?? '';
  try {
    return normaliseDomain(domain);
  } catch {
    return '';
  }
}

async function signatureField(
  { domain, selector, key }: DkimSigner,
  header: ByteText,
  fields: readonly HeaderField[],
  bodyHash: string,
  now: number,
): Promise<ByteText> {
  const { names, canonical } = chooseFields(header, fields);
  const isRsa = key.asymmetricKeyType === 'rsa';
  const unsigned = [
    ` v=1; a=${isRsa ? 'rsa' : 'ed25519'}-sha256; c=relaxed/relaxed;\r\n`,
    `\td=${domain};\r\n\ts=${selector}; t=${Math.floor(now / 1000)};\r\n`,
    `\th=${foldNames(names)};\r\n\tbh=${bodyHash};\r\n\tb=`,
  ].join('');
  const signed = Buffer.from(`${canonical}${relaxedField('dkim-signature', unsigned)}`, 'latin1');
  // RFC 8463 §3: Ed25519 signs the SHA-256 of what RSA would sign.
  const signature = isRsa
    ? await signBytes('sha256', signed, key)
    : await signBytes(null, createHash('sha256').update(signed).digest(), key);
  return `DKIM-Signature:${unsigned}${foldSignature(signature.toString('base64'))}\r\n`;
}

/** Of several fields of one name, the last comes first (RFC 6376 §5.4.2); a name once more than there are stands for none. */
function chooseFields(header: ByteText, fields: readonly HeaderField[]): { names: string[]; canonical: ByteText } {
  const names: string[] = [];
  let canonical = '';
  const add = (name: string, seal: boolean): void => {
    for (let at = fields.length - 1; at >= 0; at--) {
      const field = fields[at];
      if (field.name !== name) continue;
      names.push(name);
      canonical += `${relaxedField(name, header.slice(field.valueStart, field.end))}\r\n`;
    }
    if (seal) names.push(name);
  };
  for (const name of sealedFields) add(name, true);
  for (const name of signedFields) add(name, false);
  return { names, canonical };
}

function foldNames(names: readonly string[]): string {
  let text = '';
  let width = 11;
  for (const [at, name] of names.entries()) {
    if (at > 0) text += ':';
    if (width + name.length > 74) {
      text += '\r\n\t ';
      width = 9;
    }
    text += name;
    width += name.length + 1;
  }
  return text;
}

/** Whitespace in `b=` counts for nothing (RFC 6376 §3.5). */
function foldSignature(base64: string): string {
  return (base64.match(/.{1,66}/g) ?? []).join('\r\n\t ');
}
