import type { Resolver } from '../../dns/resolver.ts';
import { type HeaderField, splitHeader } from '../../message/header-fields.ts';
import type { ByteText } from '../../message/structure.ts';
import { limits } from '../../runtime/limits.ts';
import { BodyHashes } from './body-hashes.ts';
import { headerEnd } from './header-end.ts';
import { KeyFinder } from './key-finder.ts';

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
  const beginWith = (header: ByteText): void => {
    const keys = new KeyFinder(resolver, signal);
    begin({ header, fields: splitHeader(header), bodies, keys, now, signal });
  };
  let head: Buffer | undefined = Buffer.alloc(0);
  for await (const chunk of content) {
    signal.throwIfAborted();
    if (head === undefined) {
      bodies.update(chunk);
      continue;
    }
    head = Buffer.concat([head, chunk]);
    const end = headerEnd(head);
    if (end === undefined) {
      // What is cut off is not what was signed: a signature over it fails.
      if (head.length <= limits.headerBytes) continue;
      beginWith(head.toString('latin1', 0, limits.headerBytes));
    } else {
      beginWith(head.toString('latin1', 0, end.header));
      bodies.update(head.subarray(end.body));
    }
    head = undefined;
    if (bodies.isEmpty) return;
  }
  if (head !== undefined) beginWith(head.toString('latin1'));
}
