import { crc32 } from 'node:zlib';

/**
 * By which it is seen that a text was changed on the disk, or is that of another content. What an index names is looked at again; what is
 * sent from it isn't.
 */
export function sumOf(text: string, contentId: number): number {
  return crc32(text, contentId % 2 ** 32);
}
