import { splitHeader } from '../../message/header-fields.ts';
import type { ByteText } from '../../message/structure.ts';
import { limits } from '../../runtime/limits.ts';
import { fieldsToSign } from '../dkim/fields-to-sign.ts';
import { readContent } from '../dkim/read-content.ts';
import { RelaxedBodyHash } from '../dkim/relaxed-body-hash.ts';
import { relaxedField } from '../dkim/relaxed-field.ts';
import { algorithmOf, type DkimSigner, signText } from '../dkim/sign-text.ts';
import { type ArcSet, arcSetsOf } from './arc-set.ts';
import type { ArcVerdict } from './arc-verify.ts';
import { sealedSets } from './sealed-text.ts';

export interface ArcSealOptions {
  readonly signer: DkimSigner;
  /** What was found out about the message when it came, as Authentication-Results has it after the colon. */
  readonly results: string;
  /** Of the chain that it came with. */
  readonly chain: ArcVerdict['result'];
  /** Milliseconds since 1970. */
  readonly now: number;
}

/**
 * Seals a message that is passed on. Memory doesn't grow with the message.
 * @param content all bytes, header first, with CRLF line ends
 * @returns a set of ARC fields with their line ends, to stand before the header; empty for chains that fail, which nothing mends, and for
 *   those that are as long as may be
 * @throws what `content` throws
 * Source: RFC 8617 §5.1
 */
export async function arcSeal(content: AsyncIterable<Uint8Array>, options: ArcSealOptions): Promise<ByteText> {
  const { signer, results, chain, now } = options;
  if (chain !== 'none' && chain !== 'pass') return '';
  const hash = new RelaxedBodyHash();
  let header: ByteText = '';
  let sets: readonly ArcSet[] | undefined;
  await readContent(content, {
    header(text, isWhole) {
      if (!isWhole) return false;
      header = text;
      sets = arcSetsOf(header, splitHeader(header));
      return sets.length < limits.arcSets;
    },
    body: (chunk) => hash.update(chunk),
  });
  if (sets === undefined || sets.length >= limits.arcSets) return '';
  const { domain, selector, key } = signer;
  const instance = sets.length + 1;
  const tags = ` i=${instance}; a=${algorithmOf(key)}; t=${Math.floor(now / 1000)};\r\n\td=${domain}; s=${selector};\r\n`;
  // RFC 8617 §4.1.2: signatures that were there before are signed, so that nobody can put in others.
  const { names, canonical } = fieldsToSign(header, splitHeader(header), ['dkim-signature']);
  const unsigned = `${tags}\tc=relaxed/relaxed; h=${names};\r\n\tbh=${hash.digest()};\r\n\tb=`;
  const signature = unsigned + (await signText(`${canonical}${relaxedField('arc-message-signature', unsigned)}`, key));
  const found = ` i=${instance}; ${results}`;
  const unsealed = `${tags}\tcv=${chain};\r\n\tb=`;
  const sealed = [
    sealedSets(header, sets),
    `${relaxedField('arc-authentication-results', found)}\r\n`,
    `${relaxedField('arc-message-signature', signature)}\r\n`,
    relaxedField('arc-seal', unsealed),
  ].join('');
  const seal = unsealed + (await signText(sealed, key));
  return `ARC-Seal:${seal}\r\nARC-Message-Signature:${signature}\r\nARC-Authentication-Results:${found}\r\n`;
}
