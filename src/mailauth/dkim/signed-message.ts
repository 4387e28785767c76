import type { Resolver } from '../../dns/resolver.ts';
import { type HeaderField, splitHeader } from '../../message/header-fields.ts';
import type { ByteText } from '../../message/structure.ts';
import { BodyHashes } from './body-hashes.ts';
import { KeyFinder } from './key-finder.ts';
import { readContent } from './read-content.ts';

export interface SignatureOptions {
  readonly resolver: Pick<Resolver, 'txt'>;
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly signal: AbortSignal;
}

/** A message whose signatures are checked: its header, and hashes of its body as far as they are wanted. */
export interface SignedMessage {
  readonly header: ByteText;
  readonly fields: readonly HeaderField[];
  readonly bodies: BodyHashes;
  readonly keys: KeyFinder;
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly signal: AbortSignal;
}

/**
 * Reads a message once for all its signatures. Memory doesn't grow with the message.
 * @param content all bytes, header first, with CRLF line ends; not read further when nobody wants a hash of the body
 * @param begin called when the header is there: hashes must be asked for now
 * @throws what `content` throws, and the signal's reason
 */
export async function readSignedMessage(
  content: AsyncIterable<Uint8Array>,
  { resolver, now, signal }: SignatureOptions,
  begin: (message: SignedMessage) => void,
): Promise<void> {
  const bodies = new BodyHashes();
  await readContent(content, {
    // Of a header that is too long the rest is missing: what is cut off is not what was signed, and a signature over it fails.
    header(text) {
      signal.throwIfAborted();
      begin({ header: text, fields: splitHeader(text), bodies, keys: new KeyFinder(resolver, signal), now, signal });
      return !bodies.isEmpty;
    },
    body(chunk) {
      signal.throwIfAborted();
      bodies.update(chunk);
    },
  });
}
