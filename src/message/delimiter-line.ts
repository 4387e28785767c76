const LF = 10;
const CR = 13;
const DASH = 45;

/** Whether a line that starts with `--` at `pos` starts with this delimiter. */
export function startsWithDelimiter(bytes: Buffer, pos: number, delimiter: Buffer): boolean {
  for (let index = 2; index < delimiter.length; index++) {
    if (bytes[pos + index] !== delimiter[index]) return false;
  }
  return true;
}

/** Whether only a closing `--` and whitespace follow on the line. */
export function isDelimiterEnd(bytes: Buffer, start: number): boolean {
  let pos = start;
  if (bytes[pos] === DASH && bytes[pos + 1] === DASH) pos += 2;
  for (; pos < bytes.length; pos++) {
    const byte = bytes[pos]!;
    if (byte === LF) return true;
    if (byte !== CR && byte !== 32 && byte !== 9) return false;
  }
  return true;
}
