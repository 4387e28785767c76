import { normaliseDomain } from '../../message/domain.ts';
import { type HeaderField, headerValues, splitHeader } from '../../message/header-fields.ts';
import { parseAddressList } from '../../message/parse-address-list.ts';
import type { ByteText } from '../../message/structure.ts';
import { RestanteError } from '../../runtime/errors.ts';
import { fieldsToSign } from './fields-to-sign.ts';
import { readContent } from './read-content.ts';
import { RelaxedBodyHash } from './relaxed-body-hash.ts';
import { relaxedField } from './relaxed-field.ts';
import { algorithmOf, type DkimSigner, signText } from './sign-text.ts';

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
  let header: ByteText = '';
  let signers: readonly DkimSigner[] = [];
  await readContent(content, {
    async header(text, isWhole) {
      if (!isWhole) throw new CannotSignError('its header is too long');
      header = text;
      signers = await signersFor(authorDomain(header));
      return signers.length > 0;
    },
    body: (chunk) => hash.update(chunk),
  });
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
  const { names, canonical } = fieldsToSign(header, fields);
  const unsigned = [
    ` v=1; a=${algorithmOf(key)}; c=relaxed/relaxed;\r\n`,
    `\td=${domain};\r\n\ts=${selector}; t=${Math.floor(now / 1000)};\r\n`,
    `\th=${names};\r\n\tbh=${bodyHash};\r\n\tb=`,
  ].join('');
  const signature = await signText(`${canonical}${relaxedField('dkim-signature', unsigned)}`, key);
  return `DKIM-Signature:${unsigned}${signature}\r\n`;
}
