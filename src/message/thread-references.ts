import { parseMessageIds } from './parse-message-ids.ts';
import type { ByteText } from './structure.ts';

/** What of a message's structure says what it answers. */
interface ThreadFields {
  readonly references?: ByteText | undefined;
  readonly envelope: { readonly messageId?: ByteText | undefined; readonly inReplyTo?: ByteText | undefined };
}

/**
 * The messages that a message answers, oldest first, its parent last: References, or without them the first identifier of In-Reply-To.
 * Its own identifier and repetitions are left out.
 * Source: RFC 5256 §3 (REFERENCES, step 1)
 */
export function threadReferences(structure: ThreadFields): string[] {
  const own = parseMessageIds(structure.envelope.messageId ?? '')[0];
  const references = parseMessageIds(structure.references ?? '');
  const ids = references.length > 0 ? references : parseMessageIds(structure.envelope.inReplyTo ?? '').slice(0, 1);
  return [...new Set(ids)].filter((id) => id !== own);
}
