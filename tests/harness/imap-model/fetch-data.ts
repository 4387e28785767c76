/** A FETCH response taken apart. */
export interface FetchData {
  /** What each item says, as written, by the item's name in upper case. */
  readonly items: ReadonlyMap<string, string>;
  readonly uid: number | undefined;
  /** In order, joined by spaces: equal sets are equal texts. `\Recent`, which is the session's and not the message's, is left out. */
  readonly flags: string | undefined;
  /** Whether `\Recent` is among the flags; undefined without FLAGS. */
  readonly recent: boolean | undefined;
  readonly modseq: number | undefined;
}

const itemName = /[A-Z0-9.]+(?:\[[^\]]*\])?(?:<\d+>)?/iy;
const literal = /~?\{(\d+)\}\r\n/y;
const quoted = /"(?:[^"\\\r\n]|\\["\\])*"/y;
const atom = /[^\s()"{]+/y;

/**
 * Reads `(UID 3 FLAGS (\Seen) …)`, strictly.
 * @throws Error at what the grammar doesn't have
 * Source: RFC 9051 §9 `msg-att`
 */
export function parseFetchData(text: string): FetchData {
  if (!text.startsWith('(') || !text.endsWith(')')) throw new Error(`FETCH without parentheses: ${text}`);
  const items = new Map<string, string>();
  let at = 1;
  while (at < text.length - 1) {
    itemName.lastIndex = at;
    const name = itemName.exec(text)?.[0].toUpperCase();
    if (name === undefined || text[at + name.length] !== ' ') throw new Error(`No FETCH item at ${text.slice(at)}`);
    if (items.has(name)) throw new Error(`FETCH tells ${name} twice: ${text}`);
    const from = at + name.length + 1;
    at = endOfValue(text, from);
    items.set(name, text.slice(from, at));
    if (at < text.length - 1 && text[at] !== ' ') throw new Error(`FETCH items without space: ${text}`);
    at++;
  }
  const flags = items.get('FLAGS')?.slice(1, -1).split(' ');
  const modseq = items.get('MODSEQ');
  return {
    items,
    uid: items.has('UID') ? Number(items.get('UID')) : undefined,
    flags: flags === undefined ? undefined : flagSet(flags.filter((flag) => flag !== '\\Recent')),
    recent: flags?.includes('\\Recent'),
    modseq: modseq === undefined ? undefined : Number(/^\((\d+)\)$/.exec(modseq)?.[1]),
  };
}

export function flagSet(flags: Iterable<string>): string {
  return [...new Set(flags)]
    .filter((flag) => flag !== '')
    .sort()
    .join(' ');
}

function endOfValue(text: string, from: number): number {
  if (text[from] === '(') {
    let at = from + 1;
    while (text[at] !== ')') {
      if (at >= text.length) throw new Error(`List without end: ${text.slice(from)}`);
      at = text[at] === ' ' ? at + 1 : endOfValue(text, at);
    }
    return at + 1;
  }
  for (const form of [literal, quoted, atom]) {
    form.lastIndex = from;
    const match = form.exec(text);
    if (match === null) continue;
    return form.lastIndex + (form === literal ? Number(match[1]) : 0);
  }
  throw new Error(`No value at ${text.slice(from)}`);
}

/** The bytes of a string of any form; undefined for NIL. */
export function stringValue(value: string): string | undefined {
  if (value === 'NIL') return undefined;
  if (value.startsWith('"')) return value.slice(1, -1).replaceAll(/\\(.)/g, '$1');
  return value.slice(value.indexOf('\n') + 1);
}

/** Numbers of a set such as `1:3,7`, in its order. */
export function numbersOf(set: string): number[] {
  return set.split(',').flatMap((part) => {
    const [first, last = first] = part.split(':').map(Number);
    if (!(first > 0 && last > 0)) throw new Error(`No set of numbers: ${set}`);
    const step = first <= last ? 1 : -1;
    return Array.from({ length: Math.abs(last - first) + 1 }, (_, index) => first + index * step);
  });
}
