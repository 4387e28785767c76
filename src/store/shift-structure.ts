import type { MessagePart, MessageStructure } from '../message/structure.ts';

/**
 * Makes the offsets of a file's structure count from the start of a prefix before it. Changes the structure itself.
 * @param prefixBytes header lines, which become part of the message's header
 */
export function shiftStructure(structure: MessageStructure, prefixBytes: number): MessageStructure {
  if (prefixBytes === 0) return structure;
  shiftPart(structure.root, prefixBytes);
  structure.root.headerStart = 0;
  structure.sizeBytes += prefixBytes;
  return structure;
}

function shiftPart(part: MessagePart, by: number): void {
  part.headerStart += by;
  part.bodyStart += by;
  part.bodyEnd += by;
  if (part.children !== undefined) for (const child of part.children) shiftPart(child, by);
  if (part.message !== undefined) shiftPart(part.message.root, by);
}
