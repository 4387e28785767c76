import { unicodeCasemap } from './unicode-casemap.ts';

/** Bytes looked at together: small enough to stay in the processor's cache. */
const CHUNK = 32 * 1024;

/** Searches for a text by i;unicode-casemap. Whether it is found never depends on how what is searched was cut into chunks. */
export class TextMatcher {
  /** The text may be found in ASCII characters. */
  readonly isAscii: boolean;
  readonly #needle: string;
  readonly #lower: string;

  /** @param text what to look for; an empty one is found everywhere */
  constructor(text: string) {
    this.#needle = unicodeCasemap(text);
    // What is a small letter still is from a ligature, which ASCII has not.
    this.isAscii = !/[^\x00-\x7F]|[a-z]/.test(this.#needle);
    this.#lower = this.#needle.toLowerCase();
  }

  matchesText(text: string): boolean {
    return unicodeCasemap(text).includes(this.#needle);
  }

  /** What is looked for in ASCII characters; undefined when it can't be found in them. */
  get asciiText(): string | undefined {
    return this.isAscii ? this.#lower : undefined;
  }

  /**
   * Searches the ASCII characters of bytes in whose charset all bytes below 0x80 are such. Only when `isAscii`; others may be found in the
   * rest all the same, as what letters with accents are decomposed to.
   */
  matchesBytes(bytes: Buffer): boolean {
    const needle = this.#lower;
    const step = Math.max(CHUNK, needle.length * 8);
    for (let start = 0; start < bytes.length; start += step) {
      const text = bytes.toString('latin1', start, Math.min(bytes.length, start + step + needle.length - 1));
      if (text.toLowerCase().includes(needle)) return true;
    }
    return needle === '';
  }

  /** Begins a search in text that comes in chunks. */
  start(): TextScan {
    const needle = this.#needle;
    let tail = '';
    return {
      push: (chunk) => {
        const text = tail + unicodeCasemap(chunk);
        tail = needle.length > 1 ? text.slice(-(needle.length - 1)) : '';
        return text.includes(needle);
      },
    };
  }
}

/** A search in text that comes in chunks. */
export interface TextScan {
  /** @returns whether the text is in this chunk, or in this and those before */
  push(chunk: string): boolean;
}
