// RFC 4013 with today's Unicode instead of version 3.2: code points that were unassigned then (emoji, newer scripts) are accepted, as
// RFC 8265 does. Tables: RFC 3454, appendices B to D.

// C.1.2
const nonAsciiSpaces = /[\u00a0\u1680\u2000-\u200b\u202f\u205f\u3000]/gu;
// B.1
// biome-ignore lint/suspicious/noMisleadingCharacterClass: code points of the table, none is meant to be joined to another
const mappedToNothing = /[\u00ad\u034f\u1806\u180b-\u180d\u200b-\u200d\u2060\ufe00-\ufe0f\ufeff]/gu;
// C.2.1, C.2.2, C.3 to C.9 without what B.1 and NFKC have removed; noncharacters and surrogates by their properties
const prohibited =
  /[\u0000-\u001f\u007f-\u009f\u06dd\u070f\u180e\u2028\u2029\u2061-\u2063\u206a-\u206f\ufff9-\ufffd\u{1d173}-\u{1d17a}\u2ff0-\u2ffb\u200e\u200f\u202a-\u202e\u{e0001}\u{e0020}-\u{e007f}\p{Co}\p{Cs}\p{Noncharacter_Code_Point}]/u;
// D.1, characters with bidirectional property R or AL
const rightToLeft =
  /[\u05be\u05c0\u05c3\u05d0-\u05ea\u05f0-\u05f4\u061b\u061f\u0621-\u063a\u0640-\u064a\u066d-\u066f\u0671-\u06d5\u06dd\u06e5\u06e6\u06fa-\u06fe\u0700-\u070d\u0710\u0712-\u072c\u0780-\u07a5\u07b1\u200f\ufb1d\ufb1f-\ufb28\ufb2a-\ufb36\ufb38-\ufb3c\ufb3e\ufb40\ufb41\ufb43\ufb44\ufb46-\ufbb1\ufbd3-\ufd3d\ufd50-\ufd8f\ufd92-\ufdc7\ufdf0-\ufdfc\ufe70-\ufe74\ufe76-\ufefc]/u;
// D.2 in short: letters that aren't in D.1
const letter = /\p{L}/u;
const printableAscii = /^[\x20-\x7e]*$/;

/**
 * Prepares a user name or password for comparison and hashing.
 * @returns the prepared string, or undefined when it holds characters that are not allowed: controls, private use, mixed directions
 * Source: RFC 4013 §2
 */
export function saslprep(text: string): string | undefined {
  if (printableAscii.test(text)) return text;
  const prepared = text.replace(nonAsciiSpaces, ' ').replace(mappedToNothing, '').normalize('NFKC');
  if (prohibited.test(prepared)) return undefined;
  return hasValidDirection(prepared) ? prepared : undefined;
}

// RFC 3454 §6: with any right-to-left character there is no left-to-right one, and first and last are right-to-left.
function hasValidDirection(text: string): boolean {
  if (!rightToLeft.test(text)) return true;
  const characters = [...text];
  return (
    rightToLeft.test(characters[0] ?? '') &&
    rightToLeft.test(characters.at(-1) ?? '') &&
    !characters.some((character) => letter.test(character) && !rightToLeft.test(character))
  );
}
