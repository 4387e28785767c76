/**
 * Encodes for ENVID, ORCPT and AUTH.
 * @param text each character one byte, or Unicode, which is encoded as UTF-8
 * Source: RFC 3461 §4
 */
export function encodeXtext(text: string): string {
  let encoded = '';
  for (const byte of Buffer.from(text)) {
    encoded +=
      byte < 33 || byte > 126 || byte === 43 || byte === 61
        ? `+${byte.toString(16).toUpperCase().padStart(2, '0')}`
        : String.fromCharCode(byte);
  }
  return encoded;
}

/** @returns the decoded text, or undefined for what is no xtext, or not UTF-8 when decoded. Source: RFC 3461 §4 */
export function decodeXtext(encoded: string): string | undefined {
  if (!/^(?:[!-*,-<>-~]|\+[0-9A-F]{2})*$/.test(encoded)) return undefined;
  if (!encoded.includes('+')) return encoded;
  const bytes: number[] = [];
  for (let at = 0; at < encoded.length; at++) {
    if (encoded[at] === '+') {
      bytes.push(Number.parseInt(encoded.slice(at + 1, at + 3), 16));
      at += 2;
    } else bytes.push(encoded.charCodeAt(at));
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Uint8Array.from(bytes));
  } catch {
    return undefined;
  }
}
