/** UIDs read in one step: some milliseconds. */
export const uidsAtOnce = 20_000;

/** @param text decimal numbers with commas */
export function parseUids(text: string, count: number): Uint32Array {
  const uids = new Uint32Array(count);
  let index = 0;
  let uid = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 44) {
      uids[index++] = uid;
      uid = 0;
    } else uid = uid * 10 + code - 48;
  }
  if (count > 0) uids[index] = uid;
  return uids;
}

export function joinUids(parts: readonly Uint32Array[]): Uint32Array {
  const joined = new Uint32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}
