import type { Section } from '../imap/fetch-items.ts';
import type { MessagePart, MessageStructure } from '../message/structure.ts';

/** Where a section of a message is: bytes from `start` to before `end`. `encoding` is the transfer encoding of that body. */
export interface SectionRange {
  readonly start: number;
  readonly end: number;
  readonly encoding: string | undefined;
}

/**
 * Finds a part by its numbers.
 * @returns undefined when the message has no such part
 * Source: RFC 9051 §6.4.5.1
 */
export function findPart(structure: MessageStructure, numbers: readonly number[]): MessagePart | undefined {
  let part: MessagePart = structure.root;
  for (const [depth, number] of numbers.entries()) {
    // Numbers after those of an embedded message count the parts in it.
    const inside: MessagePart = depth > 0 && part.message !== undefined ? part.message.root : part;
    if (inside.children !== undefined) {
      const child: MessagePart | undefined = inside.children[number - 1];
      if (child === undefined) return undefined;
      part = child;
    } else if (number === 1 && (depth === 0 || inside !== part)) part = inside;
    else return undefined;
  }
  return part;
}

/**
 * The bytes of a section. For `HEADER.FIELDS` and its opposite, those of the header that the fields are to be taken from.
 * @returns undefined when there is no such part or text
 * Source: RFC 9051 §6.4.5.1
 */
export function sectionRange(structure: MessageStructure, section: Section): SectionRange | undefined {
  const { part: numbers, text } = section;
  const plain = (start: number, end: number): SectionRange => ({ start, end, encoding: undefined });
  if (numbers.length === 0) {
    const { root, sizeBytes } = structure;
    if (text === '') return plain(0, sizeBytes);
    return text === 'TEXT' ? plain(root.bodyStart, sizeBytes) : plain(root.headerStart, root.bodyStart);
  }
  const part = findPart(structure, numbers);
  if (part === undefined) return undefined;
  if (text === '')
    return { start: part.bodyStart, end: part.bodyEnd, encoding: part.children ? undefined : part.encoding };
  if (text === 'MIME') return plain(part.headerStart, part.bodyStart);
  const embedded = part.message?.root;
  if (embedded === undefined) return undefined;
  return text === 'TEXT' ? plain(embedded.bodyStart, part.bodyEnd) : plain(embedded.headerStart, embedded.bodyStart);
}
