import { headerValues, splitHeader } from '../message/header-fields.ts';
import { limits } from '../runtime/limits.ts';
import type { IncomingMessage } from './incoming-message.ts';

/** The header of a message file, up to a limit, without what was put before it here. */
export async function readHeader({ file }: Pick<IncomingMessage, 'file'>): Promise<Buffer> {
  const length = Math.min(file.structure.root.bodyStart, limits.headerBytes);
  const pieces: Uint8Array[] = [];
  let filled = 0;
  for await (const piece of file.content()) {
    pieces.push(piece.subarray(0, length - filled));
    filled += pieces.at(-1)!.length;
    if (filled === length) break;
  }
  return Buffer.concat(pieces, filled);
}

/**
 * The addresses that a message was delivered to or passed on by before, in lower case: an alias that is among them is in a loop.
 * @param headers headers of the message and what was put before it
 * Source: RFC 9228 §4
 */
export function deliveredTo(...headers: readonly Uint8Array[]): Set<string> {
  const addresses = new Set<string>();
  for (const header of headers) {
    const text = Buffer.from(header.buffer, header.byteOffset, header.byteLength).toString('utf8');
    for (const value of headerValues(text, splitHeader(text), 'Delivered-To')) {
      addresses.add(value.replace(/^<|>$/g, '').toLowerCase());
    }
  }
  return addresses;
}
