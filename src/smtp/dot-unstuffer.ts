import { LineEndChecker } from './line-end-checker.ts';

const CR = 13;
const LF = 10;
const DOT = 46;
const lineThenDot = Buffer.from('\r\n.');
/** A dot alone between line ends, one of them not CRLF: what some other server takes for the end of the data. */
const falseEnd = /(?<!\r)\n\.[\r\n]|\r\.[\r\n]|\r\n\.(?:\n|\r(?!\n))/;

/** Before the next byte: in a line; after CRLF; after CR; after a dot at the start of a line; after that dot and CR. */
type State = 'text' | 'lineStart' | 'cr' | 'dot' | 'dotCr';

/**
 * Takes DATA from the wire, in chunks of any size, up to the end, which is exactly `<CRLF>.<CRLF>` (RFC 5321 §4.1.1.4, §4.5.2):
 * removes the dots that were added, and notices every CR or LF that isn't part of a CRLF. Its output are views of the chunks.
 */
export class DotUnstuffer {
  #state: State = 'lineStart';
  readonly #lineEnds = new LineEndChecker();
  /** Since a bare line end was seen: the last bytes of the wire, to find a false end across chunks. */
  #tail = '\r\n';

  /** A bare CR or LF has come: the message must not be accepted. */
  get bareLineEnd(): boolean {
    return this.#lineEnds.found;
  }

  /** A false end has come: what follows may be meant as commands, so that the connection has to be closed. */
  falseEnd = false;

  /**
   * @param output called for each run of message bytes, in order
   * @returns bytes of the chunk that were consumed when the end is in it; else undefined
   */
  push(chunk: Buffer, output: (bytes: Buffer) => void): number | undefined {
    const consumed = this.#unstuff(chunk, output);
    if (!this.falseEnd) this.#check(chunk, consumed ?? chunk.length);
    return consumed;
  }

  #unstuff(chunk: Buffer, output: (bytes: Buffer) => void): number | undefined {
    const length = chunk.length;
    let at = 0;
    // Bytes that are kept back between chunks: a CR with the text it ends (it may begin the end), and a dot.
    while (at < length && this.#state !== 'text') {
      const byte = chunk[at];
      if (this.#state === 'lineStart') {
        if (byte !== DOT) break;
        this.#state = 'dot';
        at++;
      } else if (this.#state === 'cr') {
        if (byte === LF) {
          output(chunk.subarray(at, at + 1));
          this.#state = 'lineStart';
          at++;
        } else this.#state = 'text';
      } else if (this.#state === 'dot') {
        if (byte === CR) {
          this.#state = 'dotCr';
          at++;
        } else this.#state = 'text';
      } else {
        if (byte === LF) return at + 1;
        output(Buffer.of(CR));
        this.#state = 'text';
      }
    }
    while (at < length) {
      const found = chunk.indexOf(lineThenDot, at);
      if (found === -1) {
        output(at === 0 ? chunk : chunk.subarray(at));
        this.#state =
          chunk[length - 1] === CR
            ? 'cr'
            : chunk[length - 1] === LF && (length - 2 >= at ? chunk[length - 2] === CR : false)
              ? 'lineStart'
              : 'text';
        return undefined;
      }
      output(chunk.subarray(at, found + 2));
      const dot = found + 2;
      if (dot + 1 === length) {
        this.#state = 'dot';
        return undefined;
      }
      if (chunk[dot + 1] === CR) {
        if (dot + 2 === length) {
          this.#state = 'dotCr';
          return undefined;
        }
        if (chunk[dot + 2] === LF) return dot + 3;
      }
      at = dot + 1;
      this.#state = 'text';
    }
    return undefined;
  }

  #check(chunk: Buffer, end: number): void {
    this.#lineEnds.push(chunk, end);
    if (!this.bareLineEnd) {
      // Where the wire stands, in case the next chunk brings the first bare line end.
      const from = Math.max(0, end - 4);
      this.#tail = ((from === 0 ? this.#tail : '') + chunk.toString('latin1', from, end)).slice(-4);
      return;
    }
    const wire = this.#tail + chunk.toString('latin1', 0, end);
    // A CR at the very end may be half of a CRLF, which only the next chunk tells.
    this.falseEnd ||= falseEnd.test(wire.endsWith('\r') ? wire.slice(0, -1) : wire);
    this.#tail = wire.slice(-4);
  }
}
