import { limits } from '../runtime/limits.ts';
import type { ByteText, Disposition, Parameters } from './structure.ts';
import { trimBlanks } from './trim-blanks.ts';

/** A comment, then two tokens. */
const CONTENT_TYPE =
  /^[ \t]*(?:\([^()]*\)[ \t]*)?([!#$%&'*+\-.0-9A-Z^_`a-z{|}~]+)[ \t]*\/[ \t]*([!#$%&'*+\-.0-9A-Z^_`a-z{|}~]+)/;

/**
 * Parses a Content-Type value.
 * @returns undefined when it is invalid: the part is then text/plain (RFC 2045 §5.2)
 */
export function parseContentType(value: ByteText): { type: string; subtype: string; params: Parameters } | undefined {
  const match = CONTENT_TYPE.exec(value);
  if (match === null) return undefined;
  return {
    type: match[1]!.toLowerCase(),
    subtype: match[2]!.toLowerCase(),
    params: parseParameters(value, match[0].length),
  };
}

/** Parses a Content-Disposition value (RFC 2183); undefined when there is no type. */
export function parseDisposition(value: ByteText): Disposition | undefined {
  const match = /^[ \t]*"?([!-~]+?)(?=[ \t;"(]|$)/.exec(value);
  if (match === null) return undefined;
  return { type: match[1]!.toLowerCase(), params: parseParameters(value, match[0].length) };
}

/**
 * Parses `; name=value; name="quoted value"` as real programs write it: also unquoted values with spaces, missing or doubled
 * semicolons, an unfinished quoted string. At most `limits.mimeParameters`.
 * Source: RFC 2045 §5.1
 */
function parseParameters(text: ByteText, start: number): Parameters {
  const params: [string, ByteText][] = [];
  const length = text.length;
  let pos = start;
  while (pos < length && params.length < limits.mimeParameters) {
    const code = text.charCodeAt(pos);
    if (code === 59 || isBlank(code)) {
      pos++;
      continue;
    }
    if (code === 40) {
      pos = skipComment(text, pos);
      continue;
    }
    const nameStart = pos;
    while (pos < length && text.charCodeAt(pos) !== 61 && text.charCodeAt(pos) !== 59) pos++;
    if (pos >= length || text.charCodeAt(pos) === 59) continue;
    const name = trimBlanks(text.slice(nameStart, pos));
    pos++;
    while (pos < length && isBlank(text.charCodeAt(pos))) pos++;
    let value: string;
    if (text.charCodeAt(pos) === 34) {
      const end = quotedEnd(text, pos);
      value = text.slice(pos + 1, end);
      if (value.includes('\\')) value = value.replace(/\\([\s\S])/g, '$1');
      pos = end + 1;
    } else {
      const valueStart = pos;
      while (pos < length) {
        const at = text.charCodeAt(pos);
        if (at === 59 || (at === 40 && isBlank(text.charCodeAt(pos - 1)))) break;
        pos++;
      }
      value = trimBlanks(text.slice(valueStart, pos));
    }
    if (name !== '') params.push([name, value]);
  }
  return params;
}

function isBlank(code: number): boolean {
  return code === 32 || code === 9 || code === 13 || code === 10;
}

function quotedEnd(text: string, quote: number): number {
  let pos = quote + 1;
  for (; pos < text.length; pos++) {
    const code = text.charCodeAt(pos);
    if (code === 92) pos++;
    else if (code === 34) return pos;
  }
  return text.length;
}

/** Position after a comment, which may be nested (RFC 5322 §3.2.2). */
export function skipComment(text: string, start: number): number {
  let depth = 0;
  for (let pos = start; pos < text.length; pos++) {
    const code = text.charCodeAt(pos);
    if (code === 92) pos++;
    else if (code === 40) depth++;
    else if (code === 41 && --depth === 0) return pos + 1;
  }
  return text.length;
}

/** The first parameter with this name, as it stood; RFC 2231 extensions are not looked at. */
export function rawParameter(params: Parameters, name: string): ByteText | undefined {
  for (const param of params) {
    if (param[0].length === name.length && param[0].toLowerCase() === name) return param[1];
  }
  return undefined;
}

/** Content-Language: tags divided by commas (RFC 3282 §2); undefined when there are none. */
export function parseLanguages(value: ByteText): string[] | undefined {
  const tags = value
    .replace(/\([^()]*\)/g, '')
    .split(',', limits.mimeParameters)
    .map(trimBlanks)
    .filter((tag) => tag !== '');
  return tags.length > 0 ? tags : undefined;
}
