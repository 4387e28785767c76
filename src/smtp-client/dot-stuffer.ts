const cr = 13;
const lf = 10;
const dot = 46;

const crBytes = Buffer.from('\r');
const lfBytes = Buffer.from('\n');
const dotBytes = Buffer.from('.');

/**
 * Makes message content fit for DATA: a dot is put before each line that begins with one, and a stray CR or LF becomes a whole line
 * end, as it could end the message for a peer that reads loosely (RFC 5321 §4.5.2 and §2.3.8).
 */
export class DotStuffer {
  /** The last byte of what was pushed; as after a line end at first. */
  #last = lf;

  /** @param output takes the pieces, views of the chunk where nothing changes */
  push(chunk: Uint8Array, output: Uint8Array[]): void {
    let start = 0;
    let last = this.#last;
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at]!;
      // Most bytes are neither of the three nor after one.
      if (byte > dot && last > dot) {
        last = byte;
        continue;
      }
      const missing = last === cr && byte !== lf ? lfBytes : byte === lf && last !== cr ? crBytes : undefined;
      const stuff = byte === dot && (last === lf || last === cr);
      if (missing || stuff) {
        if (at > start) output.push(chunk.subarray(start, at));
        if (missing) output.push(missing);
        if (stuff) output.push(dotBytes);
        start = at;
      }
      last = byte;
    }
    if (start < chunk.length) output.push(start === 0 ? chunk : chunk.subarray(start));
    this.#last = last;
  }

  /** The end of the message: the line end that may be missing, and the final dot. */
  end(): Buffer {
    return Buffer.from(this.#last === lf ? '.\r\n' : this.#last === cr ? '\n.\r\n' : '\r\n.\r\n');
  }
}
