/** Bytes looked at together: small enough to stay in the processor's cache. */
const CHUNK = 32 * 1024;

/**
 * Searches for a text without regard to case, in the manner of i;unicode-casemap (RFC 5051): composed characters, simple lower case.
 * Whether a text is found never depends on how it was cut into chunks.
 */
export class TextMatcher {
  /** The text can only be found in ASCII characters, so that any superset of ASCII may be searched undecoded. */
  readonly isAscii: boolean;
  readonly #needle: string;

  /** @param text what to look for; an empty one is found everywhere */
  constructor(text: string) {
    this.#needle = foldCase(text);
    this.isAscii = !/[^\x00-\x7F]/.test(this.#needle);
  }

  matchesText(text: string): boolean {
    return foldCase(text).includes(this.#needle);
  }

  /** Searches bytes of a charset in which all bytes below 0x80 are ASCII characters. Only when `isAscii`. */
  matchesBytes(bytes: Buffer): boolean {
    const needle = this.#needle;
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
        const text = tail + foldCase(chunk);
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

/** Texts that are the same but for case become the same. */
export function foldCase(text: string): string {
  const lower = text.toLowerCase();
  if (!/[^\x00-\x7F]/.test(lower)) return lower;
  // The last letter of a Greek word has its own lower case.
  return lower.normalize('NFC').replaceAll('ς', 'σ');
}
