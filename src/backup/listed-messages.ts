import type { ExpectedFile } from '../database/durable-part.ts';
import type { ManifestFile } from './manifest.ts';

/**
 * What a manifest says of message files, against what rows say of them. Two sums agree when the same files with the same sizes and hashes
 * were added to both, in whatever order: so memory doesn't grow with their number. They are of 128 bits, and find mistakes, not enemies.
 */
export class ListedMessages {
  readonly #listed = new Uint32Array(4);
  readonly #inRows = new Uint32Array(4);

  list(file: ManifestFile): void {
    add(this.#listed, file.path, 'data/'.length, file);
  }

  /** Files of rows, relative to `data/`. */
  compare(files: readonly ExpectedFile[]): void {
    for (const file of files) add(this.#inRows, file.path, 0, file);
  }

  get rowsAgree(): boolean {
    return this.#listed.every((word, at) => word === this.#inRows[at]);
  }
}

function add(
  sum: Uint32Array,
  path: string,
  from: number,
  { sizeBytes, sha256 }: { sizeBytes: number; sha256: string },
): void {
  // FNV-1a of the path, mixed into words of the SHA-256, which are as good as random.
  let hash = 0x811c9dc5;
  for (let at = from; at < path.length; at++) hash = Math.imul(hash ^ path.charCodeAt(at), 0x01000193);
  hash = Math.imul(hash ^ sizeBytes, 0x01000193) | 1;
  for (let word = 0; word < sum.length; word++) {
    sum[word]! += Math.imul(hexWord(sha256, word * 8) + word, hash);
  }
}

/** @returns the number that 8 hex digits make */
function hexWord(text: string, from: number): number {
  let word = 0;
  for (let at = from; at < from + 8; at++) {
    const code = text.charCodeAt(at);
    // "0" is 0x30 and "a" 0x61.
    word = (word << 4) | ((code & 15) + (code >> 6) * 9);
  }
  return word;
}
