/**
 * Where the body begins: after the first empty line. Line ends may be CRLF or bare LF.
 * @returns the number of bytes when there is no empty line
 * Source: RFC 5322 §2.1
 */
export function headerEnd(bytes: Buffer): number {
  if (bytes[0] === 10) return 1;
  if (bytes[0] === 13 && bytes[1] === 10) return 2;
  const crlf = bytes.indexOf('\n\r\n');
  const lf = (crlf === -1 ? bytes : bytes.subarray(0, crlf)).indexOf('\n\n');
  if (lf !== -1) return lf + 2;
  return crlf === -1 ? bytes.length : crlf + 3;
}
