import { crc32 } from 'node:zlib';
import type { IndexedHeader } from './indexed-header.ts';

/**
 * By which it is seen that a text was changed on the disk, or is that of another content. What an index names is looked at again; what is
 * sent from it isn't.
 */
export function sumOf(text: string, contentId: number): number {
  return crc32(text, contentId % 2 ** 32);
}

/** The same of a header: whether fields are left out is part of it. */
export function sumOfHeader({ text, whole }: IndexedHeader, contentId: number): number {
  return sumOf(text, contentId * 2 + (whole ? 1 : 0));
}
