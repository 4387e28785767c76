const lineFeed = 10;
/** Bytes of one field, or of a line, that are looked at together; a longer one is renamed without a further look. */
const mostBytes = 8 * 1024;
const fieldName = /^authentication-results[ \t]*:/i;
const renamed = 'X-Untrusted-';
const nameBytes = 'authentication-results:'.length;

/**
 * Renames Authentication-Results fields that a message brings along and that claim to be this server's: those that are put before it must
 * be the only ones. The message comes in pieces cut anywhere.
 * Source: RFC 8601 §5
 */
export class ForgedResults {
  readonly #names: ReadonlySet<string>;
  #inHeader = true;
  /** The end of what has come, which may be the beginning of a line. */
  #rest: Buffer = Buffer.alloc(0);
  /** A field whose end hasn't come. */
  #field: Buffer[] | undefined;
  #fieldBytes = 0;
  /** Whether the line that #rest continues has begun to be written. */
  #inLongLine = false;

  /** @param names of this server, in lower case */
  constructor(names: ReadonlySet<string>) {
    this.#names = names;
  }

  /** @returns what can be written by now */
  push(piece: Buffer): Buffer[] {
    if (!this.#inHeader) return [piece];
    const bytes = this.#rest.length === 0 ? piece : Buffer.concat([this.#rest, piece]);
    const out: Buffer[] = [];
    let start = 0;
    for (let end = bytes.indexOf(lineFeed); this.#inHeader && end !== -1; end = bytes.indexOf(lineFeed, start)) {
      this.#takeLine(bytes.subarray(start, end + 1), out);
      start = end + 1;
    }
    this.#rest = Buffer.alloc(0);
    const left = bytes.subarray(start);
    if (!this.#inHeader) {
      if (left.length > 0) out.push(left);
    } else if (left.length > mostBytes || (this.#inLongLine && left.length > 0)) this.#takeLongLine(left, out);
    else this.#rest = left;
    return out;
  }

  /** @returns what is left at the end of the message */
  end(): Buffer[] {
    const out: Buffer[] = [];
    if (this.#rest.length > 0) this.#takeLine(this.#rest, out);
    this.#rest = Buffer.alloc(0);
    this.#endField(out);
    return out;
  }

  #takeLine(line: Buffer, out: Buffer[]): void {
    if (this.#inLongLine) {
      this.#inLongLine = false;
      out.push(line);
      return;
    }
    const first = line[0];
    if (first === 32 || first === 9) {
      this.#continueField(line, out);
      return;
    }
    this.#endField(out);
    if (line.length <= 2 && /^\r?\n$/.test(line.toString('latin1'))) {
      this.#inHeader = false;
      out.push(line);
    } else if (fieldName.test(line.toString('latin1', 0, nameBytes + 100))) {
      this.#field = [line];
      this.#fieldBytes = line.length;
    } else out.push(line);
  }

  /** Its end isn't in sight. */
  #takeLongLine(start: Buffer, out: Buffer[]): void {
    if (!this.#inLongLine) {
      if (start[0] === 32 || start[0] === 9) this.#giveUpField(out);
      else {
        this.#endField(out);
        if (fieldName.test(start.toString('latin1', 0, nameBytes + 100))) out.push(Buffer.from(renamed));
      }
    }
    this.#inLongLine = true;
    out.push(start);
  }

  #continueField(line: Buffer, out: Buffer[]): void {
    if (this.#field === undefined) {
      out.push(line);
      return;
    }
    this.#field.push(line);
    this.#fieldBytes += line.length;
    if (this.#fieldBytes > mostBytes) this.#giveUpField(out);
  }

  #giveUpField(out: Buffer[]): void {
    if (this.#field === undefined) return;
    out.push(Buffer.from(renamed), ...this.#field);
    this.#field = undefined;
  }

  #endField(out: Buffer[]): void {
    if (this.#field === undefined) return;
    const field = Buffer.concat(this.#field);
    this.#field = undefined;
    if (this.#names.has(serverOf(field.toString('latin1')))) out.push(Buffer.from(renamed));
    out.push(field);
  }
}

/** @returns the authserv-id, in lower case, without comments and quotes before and around it */
function serverOf(field: string): string {
  let value = field.slice(field.indexOf(':') + 1).replaceAll(/\r?\n/g, '');
  // Comments nest: from the inside out.
  for (let before = ''; before !== value; ) {
    before = value;
    value = value.replaceAll(/\((?:[^()\\]|\\.)*\)/g, ' ');
  }
  const [, quoted, plain = ''] = /^[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^ \t;]*))/.exec(value) ?? [];
  return (quoted?.replaceAll(/\\(.)/g, '$1') ?? plain).trim().replace(/\.$/, '').toLowerCase();
}
