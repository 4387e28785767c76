const lineFeed = 10;
const carriageReturn = 13;

/** Makes each LF without CR before it CRLF, as messages are stored. Everything else stays. */
export async function* withCrlf(content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let last = 0;
  for await (const chunk of content) {
    const places: number[] = [];
    for (let at = chunk.indexOf(lineFeed); at >= 0; at = chunk.indexOf(lineFeed, at + 1)) {
      if ((at === 0 ? last : chunk[at - 1]) !== carriageReturn) places.push(at);
    }
    if (chunk.length > 0) last = chunk[chunk.length - 1];
    if (places.length === 0) {
      yield chunk;
      continue;
    }
    const wider = Buffer.allocUnsafe(chunk.length + places.length);
    let from = 0;
    let to = 0;
    for (const place of places) {
      wider.set(chunk.subarray(from, place), to);
      to += place - from;
      wider[to++] = carriageReturn;
      from = place;
    }
    wider.set(chunk.subarray(from), to);
    yield wider;
  }
}

/** Makes each CRLF LF, as files on this system have it. */
export async function* withLf(content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let heldCr = false;
  for await (const chunk of content) {
    const out = Buffer.allocUnsafe(chunk.length + 1);
    let to = 0;
    for (const byte of chunk) {
      if (heldCr && byte !== lineFeed) out[to++] = carriageReturn;
      heldCr = byte === carriageReturn;
      if (!heldCr) out[to++] = byte;
    }
    if (to > 0) yield out.subarray(0, to);
  }
  if (heldCr) yield Buffer.from([carriageReturn]);
}
