import { trimBlanks } from '../../message/trim-blanks.ts';

/** A tag list that breaks the grammar. */
export class TagListError extends Error {}

/**
 * Parses `name=value; name=value`, of a DKIM-Signature field or a key record.
 * @returns values by name, folded as they stand
 * @throws TagListError
 * Source: RFC 6376 §3.2
 */
export function parseTagList(text: string): Map<string, string> {
  const tags = new Map<string, string>();
  const parts = text.split(';');
  // A semicolon at the end is allowed.
  if (/^[ \t\r\n]*$/.test(parts.at(-1)!)) parts.pop();
  for (const part of parts) {
    // No pattern for the whole: with one, a value of many blanks would take time with the square of their number.
    const equals = part.indexOf('=');
    const name = trimBlanks(part.slice(0, Math.max(equals, 0)));
    if (!/^[A-Za-z][A-Za-z0-9_]*$/.test(name)) throw new TagListError(`"${part.trim().slice(0, 50)}" is no tag`);
    if (tags.has(name)) throw new TagListError(`the tag "${name}" is there twice`);
    tags.set(name, trimBlanks(part.slice(equals + 1)));
  }
  return tags;
}

/** @returns the items of a list with colons between them, without blanks */
export function colonList(text: string): string[] {
  return text.split(':').map((item) => item.replaceAll(/[ \t\r\n]+/g, ''));
}
