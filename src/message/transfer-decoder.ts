import { RestanteError } from '../runtime/errors.ts';

/** The part has a Content-Transfer-Encoding that nobody defined. IMAP answers `UNKNOWN-CTE` (RFC 9051 §6.4.5). */
export class UnknownEncodingError extends RestanteError {
  constructor(encoding: string) {
    super('unknown-transfer-encoding', `Cannot decode a body part: unknown transfer encoding "${encoding}"`);
  }
}

/** Decodes a body that comes in chunks. */
export interface TransferDecoder {
  push(chunk: Uint8Array): Buffer;
  /** What is left after the last chunk. */
  finish(): Buffer;
}

/**
 * A decoder for a part's `encoding`. Lenient: bytes that can't be are skipped (base64) or kept (quoted-printable).
 * @throws UnknownEncodingError
 * Source: RFC 2045 §6
 */
export function createTransferDecoder(encoding: string | undefined): TransferDecoder {
  switch (encoding ?? '7bit') {
    case '7bit':
    case '8bit':
    case 'binary':
    // What careless programs write for the first two.
    case '7-bit':
    case '8-bit':
      return { push: (chunk) => Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength), finish: () => NOTHING };
    case 'base64':
      return new Base64Decoder();
    case 'quoted-printable':
      return new QuotedPrintableDecoder();
    default:
      throw new UnknownEncodingError(encoding!);
  }
}

/**
 * Decodes a whole body.
 * @throws UnknownEncodingError
 */
export function decodeTransfer(body: Uint8Array, encoding: string | undefined): Buffer {
  const decoder = createTransferDecoder(encoding);
  const first = decoder.push(body);
  const rest = decoder.finish();
  return rest.length === 0 ? first : Buffer.concat([first, rest]);
}

const NOTHING = Buffer.alloc(0);
const EQUALS = 61;
const SPACE = 32;
const TAB = 9;
const CR = 13;
const LF = 10;

const SKIP = -1;
const PADDING = Buffer.from('=');
/** 0 to 63, SKIP or -2 for padding. The alphabet of URLs (RFC 4648 §5) is taken too, as Node does. */
const BASE64_VALUES = new Int8Array(256).fill(SKIP);
for (const [index, char] of [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'].entries()) {
  BASE64_VALUES[char.charCodeAt(0)] = index;
}
BASE64_VALUES[45] = 62;
BASE64_VALUES[95] = 63;
BASE64_VALUES[EQUALS] = -2;

const HEX_VALUES = new Int8Array(256).fill(-1);
for (const [index, char] of [...'0123456789ABCDEF'].entries()) {
  HEX_VALUES[char.charCodeAt(0)] = index;
  HEX_VALUES[char.toLowerCase().charCodeAt(0)] = index;
}

class Base64Decoder implements TransferDecoder {
  #bits = 0;
  /** Characters of the group of four that has begun. */
  #count = 0;

  push(chunk: Uint8Array): Buffer {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    const out = Buffer.allocUnsafe(Math.ceil(bytes.length / 4) * 3 + 3);
    let length = 0;
    let pos = 0;
    // To the start of a group, then all at once what has nothing odd in it, then the rest.
    while (this.#count > 0 && pos < bytes.length) length = this.#add(bytes[pos++]!, out, length);
    const padding = bytes.indexOf(EQUALS, pos);
    const end = padding < 0 ? bytes.length : padding;
    if (end - pos >= 256) {
      const groups = wholeGroups(bytes, pos, end);
      const written = out.write(bytes.toString('latin1', pos, groups.end), length, 'base64');
      if (written === groups.count * 3) {
        length += written;
        pos = groups.end;
      }
    }
    while (pos < bytes.length) length = this.#add(bytes[pos++]!, out, length);
    return out.subarray(0, length);
  }

  finish(): Buffer {
    return this.#count < 2 ? NOTHING : this.push(PADDING);
  }

  /** @returns the new length of `out` */
  #add(byte: number, out: Buffer, length: number): number {
    const value = BASE64_VALUES[byte]!;
    let size = length;
    if (value >= 0) {
      this.#bits = (this.#bits << 6) | value;
      if (++this.#count < 4) return size;
      out[size++] = this.#bits >> 16;
      out[size++] = this.#bits >> 8;
      out[size++] = this.#bits;
    } else if (value === SKIP || this.#count === 0) {
      return size;
    } else if (this.#count === 2) {
      // Padding ends a group. Some programs join encoded pieces, so decoding goes on after it.
      out[size++] = this.#bits >> 4;
    } else if (this.#count === 3) {
      out[size++] = this.#bits >> 10;
      out[size++] = this.#bits >> 2;
    }
    this.#bits = 0;
    this.#count = 0;
    return size;
  }
}

/** Where the last whole group of four before `end` ends, if there is nothing between `start` and it but groups and line ends. */
function wholeGroups(bytes: Buffer, start: number, end: number): { count: number; end: number } {
  let characters = end - start;
  for (
    let newline = bytes.indexOf(LF, start);
    newline >= 0 && newline < end;
    newline = bytes.indexOf(LF, newline + 1)
  ) {
    characters -= newline > start && bytes[newline - 1] === CR ? 2 : 1;
  }
  // Its LF is in the next chunk.
  if (bytes[end - 1] === CR) characters--;
  let pos = end;
  for (let open = characters % 4; open > 0 && pos > start; ) {
    const byte = bytes[--pos];
    if (byte !== CR && byte !== LF) open--;
  }
  return { count: characters >> 2, end: pos };
}

class QuotedPrintableDecoder implements TransferDecoder {
  #carry = NOTHING;

  push(chunk: Uint8Array): Buffer {
    let bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    if (this.#carry.length > 0) bytes = Buffer.concat([this.#carry, bytes]);
    const { out, used } = decodeQuotedPrintable(bytes, false);
    this.#carry = Buffer.from(bytes.subarray(used));
    return out;
  }

  finish(): Buffer {
    return decodeQuotedPrintable(this.#carry, true).out;
  }
}

/** A run of blanks at the end of a chunk longer than this is not held back to see whether the line ends after it. */
const MAX_HELD = 998;

/** @returns how many bytes it has understood: all of them when `last` */
function decodeQuotedPrintable(bytes: Buffer, last: boolean): { out: Buffer; used: number } {
  const length = bytes.length;
  const out = Buffer.allocUnsafe(length);
  let size = 0;
  let pos = 0;
  while (pos < length) {
    const byte = bytes[pos]!;
    if (byte !== EQUALS && (byte > SPACE || (byte !== SPACE && byte !== TAB) || bytes[pos + 1]! > SPACE)) {
      out[size++] = byte;
      pos++;
      continue;
    }
    if (byte === EQUALS) {
      const high = pos + 1 < length ? HEX_VALUES[bytes[pos + 1]!]! : -1;
      const low = pos + 2 < length ? HEX_VALUES[bytes[pos + 2]!]! : -1;
      if (high >= 0 && low >= 0) {
        out[size++] = (high << 4) | low;
        pos += 3;
        continue;
      }
      if (high >= 0 && pos + 2 === length && !last) return { out: out.subarray(0, size), used: pos };
    }
    // Blanks before a line end are dropped (RFC 2045 §6.7 rule 3), and with `=` the line end too (rule 5).
    let end = byte === EQUALS ? pos + 1 : pos;
    while (end < length && (bytes[end] === SPACE || bytes[end] === TAB)) end++;
    if ((end === length || (bytes[end] === CR && end + 1 === length)) && end - pos < MAX_HELD) {
      if (!last) return { out: out.subarray(0, size), used: pos };
      if (end === length) break;
    }
    const lineEnd = bytes[end] === LF ? 1 : bytes[end] === CR && bytes[end + 1] === LF ? 2 : 0;
    if (lineEnd > 0) {
      pos = byte === EQUALS ? end + lineEnd : end;
    } else if (byte === EQUALS) {
      out[size++] = byte;
      pos++;
    } else {
      while (pos < end) out[size++] = bytes[pos++]!;
    }
  }
  return { out: out.subarray(0, size), used: length };
}
