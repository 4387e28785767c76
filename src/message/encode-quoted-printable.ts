/** RFC 2045 §6.7 rule 5: encoded lines have at most 76 characters. */
const LINE = 76;

/**
 * Encodes text bytes; CRLF and LF are line ends, everything else comes back byte for byte.
 * @returns ASCII lines with CRLF
 * Source: RFC 2045 §6.7
 */
export function encodeQuotedPrintable(bytes: Uint8Array): string {
  let text = '';
  let line = '';
  const add = (piece: string): void => {
    if (line.length + piece.length > LINE - 1) {
      text += `${line}=\r\n`;
      line = '';
    }
    line += piece;
  };
  for (let pos = 0; pos < bytes.length; pos++) {
    const byte = bytes[pos]!;
    if (byte === 10 || (byte === 13 && bytes[pos + 1] === 10)) {
      if (byte === 13) pos++;
      text += `${line}\r\n`;
      line = '';
      continue;
    }
    const next = bytes[pos + 1];
    const atLineEnd = next === undefined || next === 10 || (next === 13 && bytes[pos + 2] === 10);
    const plain = (byte > 32 && byte < 127 && byte !== 61) || ((byte === 32 || byte === 9) && !atLineEnd);
    add(plain ? String.fromCharCode(byte) : `=${byte.toString(16).toUpperCase().padStart(2, '0')}`);
  }
  return text + line;
}
