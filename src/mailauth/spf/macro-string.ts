/** Macro strings of SPF records. Source: RFC 7208 §7 */

/** Values of the macros, by their letters. */
export interface MacroValues {
  /** Sender, `local-part@domain`; its two parts are `l` and `o`. */
  readonly s: string;
  readonly l: string;
  readonly o: string;
  readonly d: string;
  /** The address with dots: nibbles for IPv6. */
  readonly i: string;
  /** `in-addr` or `ip6`. */
  readonly v: string;
  readonly h: string;
  /** A name that is validated for the address, looked up only when it is asked for. */
  readonly p: () => Promise<string>;
  /** In explanations only: the address as people write it, the receiver's name, the time in seconds. */
  readonly c: string;
  readonly r: string;
  readonly t: string;
}

const delimiters = '.\\-+,/_=';
const expansion = new RegExp(`%\\{([slodiphcrtv])(\\d*)(r?)([${delimiters}]*)\\}|%([%_-])`, 'gi');
/** Without `c`, `r` and `t`, which are for explanations. */
const domainExpansion = `%\\{[slodiphv](?:[1-9]\\d*|)r?[${delimiters}]*\\}|%[%_-]`;
const explanationExpansion = `%\\{[slodiphcrtv](?:[1-9]\\d*|)r?[${delimiters}]*\\}|%[%_-]`;
const literal = '[\\x21-\\x24\\x26-\\x7e]';
const macroString = new RegExp(`^(?:${domainExpansion}|${literal})*$`, 'i');
const topLabel = '[a-z0-9]*[a-z][a-z0-9]*|[a-z0-9]+-[a-z0-9-]*[a-z0-9]';
const domainEnd = new RegExp(`(?:\\.(?:${topLabel})\\.?|${domainExpansion})$`, 'i');
const explainString = new RegExp(`^(?:${explanationExpansion}|${literal}| )*$`, 'i');

export function isMacroString(text: string): boolean {
  return macroString.test(text);
}

export function isDomainSpec(text: string): boolean {
  return macroString.test(text) && domainEnd.test(text);
}

export function isExplainString(text: string): boolean {
  return explainString.test(text);
}

/** @param text of which one of the above holds */
export async function expandMacros(text: string, values: MacroValues): Promise<string> {
  let expanded = '';
  let end = 0;
  for (const match of text.matchAll(expansion)) {
    expanded += text.slice(end, match.index);
    end = match.index + match[0].length;
    const [, letter, digits, reverse, separators, escaped] = match;
    if (letter === undefined) expanded += escaped === '%' ? '%' : escaped === '_' ? ' ' : '%20';
    else {
      const value = values[letter.toLowerCase() as keyof MacroValues];
      const plain = typeof value === 'string' ? value : await value();
      const shown = transform(plain, digits ?? '', reverse !== '', separators ?? '');
      // An upper-case letter asks for the URL form.
      expanded += letter === letter.toLowerCase() ? shown : escapeForUrl(shown);
    }
  }
  return expanded + text.slice(end);
}

function transform(value: string, digits: string, reverse: boolean, separators: string): string {
  if (digits === '' && !reverse && separators === '') return value;
  const parts = value.split(separators === '' ? '.' : new RegExp(`[${separators.replaceAll(/[-]/g, '\\-')}]`));
  if (reverse) parts.reverse();
  const kept = digits === '' ? parts : parts.slice(-Math.min(parts.length, Number(digits)));
  return kept.join('.');
}

/** All but the unreserved characters of RFC 3986 §2.3. */
function escapeForUrl(text: string): string {
  return text.replaceAll(/[^A-Za-z0-9._~-]/g, (character) => {
    return [...Buffer.from(character)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('');
  });
}
