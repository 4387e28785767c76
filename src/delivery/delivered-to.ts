import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { headerValues, splitHeader } from '../message/header-fields.ts';
import { limits } from '../runtime/limits.ts';
import type { IncomingMessage } from './incoming-message.ts';

/** The header of a message file, up to a limit, without what was put before it here. */
export async function readHeader(temporaryDirectory: string, message: Pick<IncomingMessage, 'file'>): Promise<Buffer> {
  const { path } = await message.file.temporaryFile();
  const length = Math.min(message.file.structure.root.bodyStart, limits.headerBytes);
  const file = await open(join(temporaryDirectory, path), 'r');
  try {
    const buffer = Buffer.allocUnsafe(length);
    let filled = 0;
    while (filled < length) {
      const { bytesRead } = await file.read(buffer, filled, length - filled, filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return buffer.subarray(0, filled);
  } finally {
    await file.close();
  }
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
