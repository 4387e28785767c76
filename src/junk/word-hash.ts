/**
 * The number under which a word is counted: 53 bits, so that it is exact in JavaScript and short in SQLite. The salt, which nobody else
 * knows, keeps senders from making words that are counted as others.
 */
export function wordHash(word: string, salt: WordSalt): number {
  // Two rounds of FNV-1a side by side over UTF-16, mixed at the end: several times as quick as a cryptographic hash.
  let low = salt.low;
  let high = salt.high;
  for (let at = 0; at < word.length; at++) {
    const code = word.charCodeAt(at);
    low = Math.imul(low ^ code, 0x01000193);
    high = Math.imul(high ^ (code + at), 0x85ebca6b);
  }
  low = mix(low ^ (high >>> 7));
  high = mix(high ^ low);
  return (high & 0x1fffff) * 0x1_0000_0000 + (low >>> 0);
}

export interface WordSalt {
  readonly low: number;
  readonly high: number;
}

/** The last step of MurmurHash3: each bit of the input changes half of the bits. */
function mix(value: number): number {
  let mixed = value ^ (value >>> 16);
  mixed = Math.imul(mixed, 0x85ebca6b);
  mixed ^= mixed >>> 13;
  mixed = Math.imul(mixed, 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}
