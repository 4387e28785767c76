/** RFC 2047 §2: an encoded word has at most 75 characters; `=?utf-8?q?` and `?=` take 12. */
const MAX_ENCODED = 63;

/**
 * Makes Unicode text fit for an unstructured header field or a display name: as it is when it is printable ASCII (or `utf8`), else
 * UTF-8 encoded words divided by spaces, each of whole characters. Control characters become spaces, so that no text can start a
 * new field.
 * @param options.utf8 the message may hold UTF-8 headers (RFC 6532)
 * Source: RFC 2047 §2, §4.2, §5
 */
export function encodeHeaderText(text: string, options: { utf8?: boolean } = {}): string {
  const safe = text.replace(/[\x00-\x1F\x7F]+/g, ' ').toWellFormed();
  if (options.utf8 === true || (!/[^\x20-\x7E]/.test(safe) && !safe.includes('=?'))) return safe;
  const words: string[] = [];
  let word = '';
  for (const char of safe) {
    const encoded = encodeQ(char);
    if (word.length + encoded.length > MAX_ENCODED) {
      words.push(word);
      word = '';
    }
    word += encoded;
  }
  words.push(word);
  return words.map((content) => `=?utf-8?q?${content}?=`).join(' ');
}

/** Only letters, digits and a few marks stand for themselves: that is safe in display names too (RFC 2047 §5 (3)). */
function encodeQ(char: string): string {
  if (/^[A-Za-z0-9!*+\-/]$/.test(char)) return char;
  if (char === ' ') return '_';
  let encoded = '';
  for (const byte of Buffer.from(char, 'utf8')) encoded += `=${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  return encoded;
}
