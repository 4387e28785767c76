/**
 * The texts' form in which i;unicode-casemap compares them: in title case, decomposed. Each character has its form by itself, so that a
 * text may be cut anywhere between characters; what stands at the front of a word with an accent is found by those who leave it out.
 * Source: RFC 5051 §2, and RFC 5255 §4.4 that wants it
 */
export function unicodeCasemap(text: string): string {
  if (isAsciiText(text)) return text.toUpperCase();
  return text.replace(/[\x00-\x7F]+|[^\x00-\x7F]/gu, (part) =>
    part.charCodeAt(0) < 0x80 ? part.toUpperCase() : mapped(part),
  );
}

/** Such a form with the order of i;unicode-casemap, which is that of its octets. */
export function casemapSortKey(text: string): string {
  const mapped = unicodeCasemap(text);
  return isAsciiText(mapped) ? mapped : Buffer.from(mapped).toString('latin1');
}

function isAsciiText(text: string): boolean {
  return !/[^\x00-\x7F]/.test(text);
}

const known = new Map<string, string>();
/** As many as most scripts have; the rest is found out again. */
const knownCharacters = 10_000;

function mapped(character: string): string {
  let form = known.get(character);
  if (form === undefined) {
    form = titleCase(character).normalize('NFKD');
    if (known.size < knownCharacters) known.set(character, form);
  }
  return form;
}

/** UnicodeData's simple title case, which is one character always. */
function titleCase(character: string): string {
  const code = character.codePointAt(0)!;
  // Georgian has capitals, but no title case.
  if (code >= 0x10d0 && code <= 0x10ff) return character;
  // Digraphs have three forms each.
  if (code >= 0x1c4 && code <= 0x1cc) return String.fromCharCode(code - ((code - 0x1c4) % 3) + 1);
  if (code >= 0x1f1 && code <= 0x1f3) return '\u01F2';
  // Greek with iota: the other letters of these blocks have capitals of one character.
  if (code >= 0x1f80 && code <= 0x1faf) return String.fromCharCode(code | 8);
  if (code === 0x1fb3 || code === 0x1fc3 || code === 0x1ff3) return String.fromCharCode(code + 9);
  const upper = character.toUpperCase();
  return [...upper].length === 1 ? upper : character;
}
