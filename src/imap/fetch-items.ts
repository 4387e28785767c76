import { ArgumentParser } from './argument-parser.ts';
import { quoteUnlessAtom } from './quote.ts';

/** Which bytes of a message: `BODY[1.2.HEADER.FIELDS (From)]<0.100>`. */
export interface Section {
  /** Part numbers; empty for the whole message. */
  readonly part: readonly number[];
  readonly text: '' | 'HEADER' | 'HEADER.FIELDS' | 'HEADER.FIELDS.NOT' | 'TEXT' | 'MIME';
  /** As the client wrote them. */
  readonly fields: readonly string[];
  readonly partial: { readonly start: number; readonly count: number } | undefined;
}

/** A data item of FETCH. `label` is how the response names it, `BODY[…]<start>`. */
export type FetchItem =
  | {
      readonly kind:
        | 'UID'
        | 'FLAGS'
        | 'INTERNALDATE'
        | 'SAVEDATE'
        | 'PREVIEW'
        | 'EMAILID'
        | 'THREADID'
        | 'RFC822.SIZE'
        | 'ENVELOPE'
        | 'BODYSTRUCTURE'
        | 'BODY'
        | 'MODSEQ';
    }
  | {
      readonly kind: 'section';
      readonly section: Section;
      readonly decode: boolean;
      readonly peek: boolean;
      readonly label: string;
    }
  | { readonly kind: 'BINARY.SIZE'; readonly part: readonly number[]; readonly label: string };

const wholeItems = new Set([
  'UID',
  'FLAGS',
  'INTERNALDATE',
  'SAVEDATE',
  'PREVIEW',
  'EMAILID',
  'THREADID',
  'RFC822.SIZE',
  'ENVELOPE',
  'BODYSTRUCTURE',
  'BODY',
  'MODSEQ',
]);
const macros: Record<string, readonly string[]> = {
  FAST: ['FLAGS', 'INTERNALDATE', 'RFC822.SIZE'],
  ALL: ['FLAGS', 'INTERNALDATE', 'RFC822.SIZE', 'ENVELOPE'],
  FULL: ['FLAGS', 'INTERNALDATE', 'RFC822.SIZE', 'ENVELOPE', 'BODY'],
};

const whole: Section = { part: [], text: '', fields: [], partial: undefined };
const rfc822Items: Record<string, { section: Section; peek: boolean }> = {
  RFC822: { section: whole, peek: false },
  'RFC822.HEADER': { section: { ...whole, text: 'HEADER' }, peek: true },
  'RFC822.TEXT': { section: { ...whole, text: 'TEXT' }, peek: false },
};

/** Items of two lists, each once. */
export function joinItems(one: readonly FetchItem[], other: readonly FetchItem[]): readonly FetchItem[] {
  if (one.length === 0) return other;
  if (other.length === 0) return one;
  const names = new Set(one.map(nameOf));
  return [...one, ...other.filter((item) => !names.has(nameOf(item)))];
}

/** How the response names an item, and how much of it is asked for. */
function nameOf(item: FetchItem): string {
  if (item.kind !== 'section') return 'label' in item ? item.label : item.kind;
  return `${item.label}${item.section.partial?.count ?? ''}`;
}

/** Letters, dots and digits up to a bracket. */
const itemName = /[A-Za-z][A-Za-z0-9.]*/y;
/** Deeper parts than any message has. */
const maxPartDepth = 200;

/**
 * Parses the items of FETCH: a macro, one item, or a list.
 * @throws ImapSyntaxError
 * Source: RFC 9051 §6.4.5, RFC 3501 §6.4.5 (RFC822 and RFC822.HEADER), RFC 7162 §3.1.4.2 (MODSEQ), RFC 8514 §4.2 (SAVEDATE),
 * RFC 8970 §3 (PREVIEW), RFC 8474 §5 (EMAILID, THREADID)
 */
export function parseFetchItems(parser: ArgumentParser): FetchItem[] {
  if (parser.peek() === '(') return parseFetchList(parser);
  const name = takeName(parser);
  const macro = macros[name];
  if (macro !== undefined) return macro.map((kind) => ({ kind }) as FetchItem);
  return [parseItem(parser, name)];
}

/** Parses a list of items. What is asked for twice is answered once. @throws ImapSyntaxError. Source: RFC 5465 §8 */
export function parseFetchList(parser: ArgumentParser): FetchItem[] {
  const items = new Map<string, FetchItem>();
  parser.list(() => {
    const item = parseItem(parser, takeName(parser));
    const name = nameOf(item);
    const known = items.get(name);
    // BODY sets \Seen, whatever BODY.PEEK beside it does.
    if (known === undefined || (item.kind === 'section' && !item.peek)) items.set(name, item);
  }, 1);
  return [...items.values()];
}

function takeName(parser: ArgumentParser): string {
  return parser.match(itemName)?.toUpperCase() ?? parser.fail('Data item expected');
}

function parseItem(parser: ArgumentParser, name: string): FetchItem {
  const bracket = parser.peek() === '[';
  if (bracket && (name === 'BODY' || name === 'BODY.PEEK')) {
    const section = parseSection(parser, false);
    return { kind: 'section', section, decode: false, peek: name !== 'BODY', label: sectionLabel('BODY', section) };
  }
  if (bracket && (name === 'BINARY' || name === 'BINARY.PEEK')) {
    const section = parseSection(parser, true);
    return { kind: 'section', section, decode: true, peek: name !== 'BINARY', label: sectionLabel('BINARY', section) };
  }
  if (bracket && name === 'BINARY.SIZE') {
    const section = parseSection(parser, true);
    if (section.partial !== undefined) parser.fail('BINARY.SIZE takes no partial range');
    return { kind: 'BINARY.SIZE', part: section.part, label: sectionLabel('BINARY.SIZE', section) };
  }
  // RFC 8970 §3.2: one that is made when it is asked for is always at hand.
  if (name === 'PREVIEW') parser.takeIf(' (LAZY)');
  if (bracket) parser.fail(`Unknown data item "${name}["`);
  if (wholeItems.has(name)) return { kind: name } as FetchItem;
  const old = rfc822Items[name];
  if (old !== undefined) return { kind: 'section', ...old, decode: false, label: name };
  parser.fail('Unknown data item');
}

/**
 * Parses what stands between the brackets of BODY[], to the end of the text.
 * @throws ImapSyntaxError
 * Source: RFC 9051 §9 `section-spec`
 */
export function parseSectionText(text: ArgumentParser): Section {
  if (text.atEnd) text.fail('Section expected');
  const parser = new ArgumentParser(`[${text.rest}]`);
  const section = parseSection(parser, false);
  if (section.partial !== undefined) parser.fail('Unexpected partial range');
  parser.end();
  return section;
}

function parseSection(parser: ArgumentParser, binary: boolean): Section {
  parser.take('[');
  const part: number[] = [];
  let text: Section['text'] = '';
  let fields: string[] = [];
  while (!parser.takeIf(']')) {
    if (/\d/.test(parser.peek())) {
      const number = parser.number();
      if (number === 0) parser.fail('Part number expected');
      part.push(number);
      if (part.length > maxPartDepth) parser.fail('Too many part numbers');
      if (parser.peek() !== ']') {
        parser.take('.');
        if (parser.peek() === ']') parser.fail('Part number expected');
      }
      continue;
    }
    if (binary) parser.fail('Part number expected');
    text = takeSectionText(parser, part);
    if (text.startsWith('HEADER.FIELDS')) {
      parser.space();
      fields = [];
      parser.list(() => fields.push(parser.astring()), 1);
    }
    parser.take(']');
    break;
  }
  return { part, text, fields, partial: takePartial(parser) };
}

function takeSectionText(parser: ArgumentParser, part: readonly number[]): Section['text'] {
  const name = takeName(parser);
  switch (name) {
    case 'HEADER':
    case 'HEADER.FIELDS':
    case 'HEADER.FIELDS.NOT':
    case 'TEXT':
      return name;
    case 'MIME':
      if (part.length > 0) return name;
  }
  return parser.fail('Unknown section');
}

function takePartial(parser: ArgumentParser): Section['partial'] {
  if (!parser.takeIf('<')) return undefined;
  const start = parser.number64();
  parser.take('.');
  const count = parser.number64();
  if (count === 0) parser.fail('Partial range must not be empty');
  parser.take('>');
  return { start, count };
}

function sectionLabel(name: string, section: Section): string {
  const parts = section.part.join('.');
  let inner = parts === '' || section.text === '' ? parts + section.text : `${parts}.${section.text}`;
  if (section.fields.length > 0) inner += ` (${section.fields.map((field) => quoteUnlessAtom(field)).join(' ')})`;
  return `${name}[${inner}]${section.partial === undefined ? '' : `<${section.partial.start}>`}`;
}
