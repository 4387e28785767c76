import { limits } from '../runtime/limits.ts';
import { isDelimiterEnd, startsWithDelimiter } from './delimiter-line.ts';
import { readPartHeader, readTopHeader } from './part-header.ts';
import type { EnvelopeFields, MessagePart, MessageStructure } from './structure.ts';

const LF = 10;
const CR = 13;
const DASH = 45;
const NOTHING = Buffer.alloc(0);

/** What the parser is inside of: a part whose body may end at a later boundary. */
interface Open {
  part: MessagePart;
  /** `--` and the boundary, while further boundary lines may come. */
  delimiter: Buffer | undefined;
  /** Children without Content-Type are messages (RFC 2046 §5.1.5). */
  digest: boolean;
  /** Lines are counted for this part. */
  counts: boolean;
  /** Line feeds in the message before this part's body. */
  linesBefore: number;
}

type State = 'header' | 'body' | 'delimiter-line';

/**
 * Finds the MIME structure of a message in one pass over its bytes, in chunks of any size. Keeps no body bytes; memory is bounded by
 * the MIME limits. Accepts CRLF and bare LF. Never fails: whatever can't be understood is part of a body.
 *
 * Where the RFCs are silent it does what Dovecot does: of several boundaries that a line begins with, the longest counts, the
 * innermost of equal ones; an outer boundary ends inner multiparts, in their headers too; a missing closing boundary ends with the
 * message; no part begins after a boundary line that the message ends in; past the limit of parts, boundaries are ignored.
 * Source: RFC 2045, RFC 2046 §5.1
 */
export class StructureParser {
  #state: State = 'header';
  #open: Open[] = [];
  #root: MessagePart;
  #facts: Omit<MessageStructure, 'sizeBytes' | 'root'> = { envelope: {}, receivedCount: 0, fromCount: 0 };
  /** The part whose header is being read, and whether its default type is message/rfc822. */
  #part: MessagePart;
  #partInDigest = false;
  /** Where to put the envelope, when the header is that of an embedded message. */
  #envelopeOf: { envelope: EnvelopeFields } | undefined;
  #closing = false;
  #partCount = 1;
  #depth = 0;
  #lines = 0;
  #counting = 0;
  #lineStart = true;
  #textBudget: number = limits.structureTextBytes;
  /** Offset in the message of the next byte to look at. */
  #offset = 0;
  /** The last two bytes before `#offset`. */
  #previous = -1;
  #beforePrevious = -1;
  /** Bytes at the end of the last chunk that can only be understood with the next ones; short. */
  #carry: Buffer = NOTHING;
  /** The header so far, when it came in several chunks. */
  #header: Buffer = NOTHING;
  #headerKept = 0;

  constructor() {
    this.#root = newPart(0);
    this.#part = this.#root;
  }

  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    let bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    if (this.#carry.length > 0) bytes = Buffer.concat([this.#carry, bytes]);
    const used = this.#scan(bytes, false);
    this.#carry = used < bytes.length ? Buffer.from(bytes.subarray(used)) : NOTHING;
  }

  /** Ends the message. The parser can't be used afterwards. */
  finish(): MessageStructure {
    const rest = this.#carry;
    this.#carry = NOTHING;
    if (rest.length > 0) this.#scan(rest, true);
    while (this.#state === 'header') this.#endHeader(NOTHING, 0, 0);
    const end = this.#offset;
    while (this.#open.length > 0) this.#close(end, this.#lines);
    return { sizeBytes: end, ...this.#facts, root: this.#root };
  }

  /** Looks at bytes that start at `#offset`; returns how many it has done with. All of them when `last`. */
  #scan(bytes: Buffer, last: boolean): number {
    let pos = 0;
    while (pos < bytes.length) {
      if (this.#state === 'header') pos = this.#scanHeader(bytes, pos, last);
      else if (this.#state === 'body') pos = this.#scanBody(bytes, pos, last);
      else pos = this.#skipDelimiterLine(bytes, pos);
      if (pos < 0) return ~pos;
    }
    return pos;
  }

  /** Moves on to `to`; returns it. */
  #advance(bytes: Buffer, from: number, to: number): number {
    const length = to - from;
    if (length >= 2) {
      this.#beforePrevious = bytes[to - 2]!;
      this.#previous = bytes[to - 1]!;
    } else if (length === 1) {
      this.#beforePrevious = this.#previous;
      this.#previous = bytes[from]!;
    }
    this.#offset += length;
    return to;
  }

  #skipDelimiterLine(bytes: Buffer, from: number): number {
    const newline = bytes.indexOf(LF, from);
    if (newline < 0) return this.#advance(bytes, from, bytes.length);
    const pos = this.#advance(bytes, from, newline + 1);
    this.#lines++;
    this.#afterDelimiterLine();
    return pos;
  }

  #afterDelimiterLine(): void {
    this.#lineStart = true;
    const owner = this.#open[this.#open.length - 1]!;
    if (this.#closing) {
      this.#state = 'body';
      return;
    }
    const part = newPart(this.#offset);
    owner.part.children!.push(part);
    this.#partCount++;
    this.#beginHeader(part, owner.digest, undefined);
  }

  #beginHeader(part: MessagePart, inDigest: boolean, envelopeOf: { envelope: EnvelopeFields } | undefined): void {
    this.#part = part;
    this.#partInDigest = inDigest;
    this.#envelopeOf = envelopeOf;
    this.#state = 'header';
    this.#lineStart = true;
  }

  #scanHeader(bytes: Buffer, from: number, last: boolean): number {
    let pos = from;
    const nested = this.#open.length > 0;
    while (pos < bytes.length) {
      const first = bytes[pos]!;
      if (this.#lineStart) {
        if (nested && first === DASH) {
          const match = this.#matchDelimiter(bytes, pos, last);
          if (match === 'unknown') return ~this.#keepHeader(bytes, from, pos);
          if (match !== undefined) {
            this.#advance(bytes, from, pos);
            this.#endHeader(bytes, from, pos);
            return this.#atDelimiter(pos, match);
          }
        }
        if (first === CR && !last && pos + 1 === bytes.length) return ~this.#keepHeader(bytes, from, pos);
        const empty = first === LF ? 1 : first === CR && bytes[pos + 1] === LF ? 2 : 0;
        if (empty > 0) {
          const end = pos + empty;
          this.#advance(bytes, from, end);
          this.#lines++;
          this.#endHeader(bytes, from, end);
          return end;
        }
      }
      const newline = bytes.indexOf(LF, pos);
      this.#lineStart = newline >= 0;
      if (newline < 0) return this.#keepHeader(bytes, from, bytes.length);
      this.#lines++;
      pos = newline + 1;
    }
    return this.#keepHeader(bytes, from, pos);
  }

  /** Keeps header bytes, up to the limit, until the header is complete. */
  #keepHeader(bytes: Buffer, from: number, to: number): number {
    this.#keep(bytes, from, to);
    return this.#advance(bytes, from, to);
  }

  #keep(bytes: Buffer, from: number, to: number): void {
    const count = Math.min(to - from, limits.headerBytes - this.#headerKept);
    if (count <= 0) return;
    const size = this.#headerKept + count;
    if (size > this.#header.length) {
      const larger = Buffer.allocUnsafe(Math.max(size, this.#header.length * 2, 4096));
      this.#header.copy(larger, 0, 0, this.#headerKept);
      this.#header = larger;
    }
    bytes.copy(this.#header, this.#headerKept, from, from + count);
    this.#headerKept = size;
  }

  /** The header ends at `#offset`, with these last bytes of it. */
  #endHeader(bytes: Buffer, from: number, to: number): void {
    let header: string;
    if (this.#headerKept === 0) {
      header = bytes.toString('latin1', from, Math.min(to, from + limits.headerBytes));
    } else {
      this.#keep(bytes, from, to);
      header = this.#header.toString('latin1', 0, this.#headerKept);
      this.#header = NOTHING;
      this.#headerKept = 0;
    }
    const part = this.#part;
    part.bodyStart = this.#offset;
    let found: ReturnType<typeof readPartHeader>;
    if (part === this.#root) {
      const top = readTopHeader(header, part, this.#textBudget);
      this.#facts = top.facts;
      found = top;
    } else {
      found = readPartHeader(header, part, this.#partInDigest, this.#envelopeOf, this.#textBudget);
    }
    this.#textBudget -= found.textBytes;
    this.#openBody(part, found.boundary);
  }

  #openBody(part: MessagePart, boundary: string | undefined): void {
    const tooDeep = this.#open.length >= limits.mimeDepth || this.#partCount >= limits.mimeParts;
    let delimiter: Buffer | undefined;
    let embedded: MessagePart | undefined;
    if (boundary !== undefined) {
      if (tooDeep) makeOpaque(part);
      else {
        part.children = [];
        delimiter = Buffer.from(`--${boundary}`, 'latin1');
      }
    } else if (part.type === 'message' && (part.subtype === 'rfc822' || part.subtype === 'global')) {
      if (tooDeep) makeOpaque(part);
      else {
        embedded = newPart(part.bodyStart);
        part.message = { envelope: {}, root: embedded };
        this.#partCount++;
      }
    }
    const counts = part.type === 'text' || embedded !== undefined;
    if (counts) this.#counting++;
    this.#open.push({
      part,
      delimiter,
      digest: delimiter !== undefined && part.subtype === 'digest',
      counts,
      linesBefore: this.#lines,
    });
    if (delimiter !== undefined) this.#depth++;
    this.#state = 'body';
    this.#lineStart = true;
    if (embedded !== undefined) this.#beginHeader(embedded, false, part.message);
  }

  #scanBody(bytes: Buffer, from: number, last: boolean): number {
    const length = bytes.length;
    const counting = this.#counting > 0;
    if (this.#depth === 0) {
      if (counting) this.#lines += countLines(bytes, from);
      return this.#advance(bytes, from, length);
    }
    let pos = from;
    if (this.#lineStart) {
      this.#lineStart = false;
      if (bytes[pos] === DASH) {
        const match = this.#matchDelimiter(bytes, pos, last);
        if (match === 'unknown') {
          this.#lineStart = true;
          return ~pos;
        }
        if (match !== undefined) return this.#atDelimiter(pos, match);
      }
    }
    if (counting) {
      while (pos < length) {
        const newline = bytes.indexOf(LF, pos);
        if (newline < 0) break;
        this.#lines++;
        pos = newline + 1;
        if (pos === length || bytes[pos] === DASH) {
          this.#lineStart = true;
          return this.#advance(bytes, from, pos);
        }
      }
      return this.#advance(bytes, from, length);
    }
    const candidate = bytes.indexOf('\n--', pos, 'latin1');
    if (candidate >= 0) {
      this.#lineStart = true;
      return this.#advance(bytes, from, candidate + 1);
    }
    // The chunk may end with the start of a candidate.
    if (bytes[length - 1] === LF) {
      this.#lineStart = true;
    } else if (bytes[length - 1] === DASH && length - 2 >= from && bytes[length - 2] === LF && !last) {
      this.#lineStart = true;
      return ~this.#advance(bytes, from, length - 1);
    }
    return this.#advance(bytes, from, length);
  }

  /**
   * Which open multipart the line at `pos` is a delimiter of.
   * @returns its index; undefined: none; 'unknown': the line must first be longer
   */
  #matchDelimiter(
    bytes: Buffer,
    pos: number,
    last: boolean,
  ): { index: number; closes: boolean } | 'unknown' | undefined {
    const available = bytes.length - pos;
    if (available >= 2 && bytes[pos + 1] !== DASH) return undefined;
    if (!last && available < limits.mimeBoundaryBytes + 4 && bytes.indexOf(LF, pos) < 0) return 'unknown';
    let best = -1;
    let bestLength = 0;
    for (let index = this.#open.length - 1; index >= 0; index--) {
      const delimiter = this.#open[index]!.delimiter;
      if (delimiter === undefined || delimiter.length <= bestLength || delimiter.length > available) continue;
      if (!startsWithDelimiter(bytes, pos, delimiter)) continue;
      best = index;
      bestLength = delimiter.length;
      if (isDelimiterEnd(bytes, pos + bestLength)) break;
    }
    if (best < 0) return undefined;
    const closes = bytes[pos + bestLength] === DASH && bytes[pos + bestLength + 1] === DASH;
    if (!closes && this.#partCount >= limits.mimeParts) return undefined;
    return { index: best, closes };
  }

  #atDelimiter(pos: number, match: { index: number; closes: boolean }): number {
    const start = this.#offset;
    // RFC 2046 §5.1.1: the line end before the delimiter belongs to it; but never one that ends a header.
    const lineEnd = this.#previous !== LF ? 0 : this.#beforePrevious === CR ? 2 : 1;
    const innermost = this.#open[this.#open.length - 1]!;
    const trim = start - lineEnd >= innermost.part.bodyStart ? lineEnd : 0;
    while (this.#open.length - 1 > match.index) this.#close(start - trim, trim > 0 ? this.#lines - 1 : this.#lines);
    if (match.closes) {
      this.#open[match.index]!.delimiter = undefined;
      this.#depth--;
    }
    this.#closing = match.closes;
    this.#state = 'delimiter-line';
    this.#lineStart = false;
    return pos;
  }

  #close(end: number, lines: number): void {
    const closed = this.#open.pop()!;
    closed.part.bodyEnd = end;
    if (closed.counts) {
      this.#counting--;
      closed.part.lines = lines - closed.linesBefore;
    }
    if (closed.delimiter !== undefined) this.#depth--;
  }
}

/** Finds the structure of a message that is in memory. */
export function parseStructure(message: Uint8Array): MessageStructure {
  const parser = new StructureParser();
  parser.push(message);
  return parser.finish();
}

function newPart(headerStart: number): MessagePart {
  return {
    headerStart,
    bodyStart: headerStart,
    bodyEnd: headerStart,
    lines: 0,
    type: 'text',
    subtype: 'plain',
    params: [],
  };
}

function makeOpaque(part: MessagePart): void {
  part.type = 'application';
  part.subtype = 'octet-stream';
}

function countLines(bytes: Buffer, start: number): number {
  let lines = 0;
  for (let newline = bytes.indexOf(LF, start); newline >= 0; newline = bytes.indexOf(LF, newline + 1)) lines++;
  return lines;
}
