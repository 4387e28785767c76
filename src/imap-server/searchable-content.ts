import { holdsText } from '../message/search-message-text.ts';
import type { MessagePart, MessageStructure } from '../message/structure.ts';
import { limits } from '../runtime/limits.ts';
import type { MessageContent } from './message-content.ts';

/**
 * What SEARCH looks at of a message. Of a large one only the headers and texts, in memory without what is between them, and with a
 * structure to match: at most `limits.imapSearchTextBytes`.
 */
export async function searchableContent(
  content: MessageContent,
): Promise<{ bytes: Buffer; structure: MessageStructure }> {
  const structure = await content.structure();
  if (content.small) return { bytes: content.bytes(), structure };
  const extract = new Extract(content);
  const root = await extract.take(structure.root);
  const bytes = extract.bytes();
  return { bytes, structure: { ...structure, root, sizeBytes: bytes.length } };
}

class Extract {
  readonly #content: MessageContent;
  readonly #pieces: Buffer[] = [];
  #size = 0;

  constructor(content: MessageContent) {
    this.#content = content;
  }

  bytes(): Buffer {
    return Buffer.concat(this.#pieces, this.#size);
  }

  /** @returns the part with offsets into the extract */
  async take(part: MessagePart): Promise<MessagePart> {
    const headerStart = await this.#add(
      part.headerStart,
      Math.min(part.bodyStart, part.headerStart + limits.headerBytes),
    );
    const bodyStart = this.#size;
    const taken: MessagePart = { ...part, headerStart, bodyStart, bodyEnd: bodyStart };
    if (part.children !== undefined) {
      taken.children = [];
      for (const child of part.children) taken.children.push(await this.take(child));
    } else if (part.message !== undefined) {
      taken.message = { ...part.message, root: await this.take(part.message.root) };
    } else if (holdsText(part)) await this.#add(part.bodyStart, part.bodyEnd);
    taken.bodyEnd = this.#size;
    return taken;
  }

  /** @returns where the range begins in the extract */
  async #add(start: number, end: number): Promise<number> {
    const at = this.#size;
    const room = limits.imapSearchTextBytes - at;
    const last = Math.min(end, start + room);
    if (last > start) {
      const piece = await this.#content.range(start, last);
      this.#pieces.push(piece);
      this.#size += piece.length;
    }
    return at;
  }
}
