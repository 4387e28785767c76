import { decodeCharset, decodeUtf8 } from '../../message/charset.ts';
import { limits } from '../../runtime/limits.ts';
import { ReportFormatError } from '../report-format-error.ts';

/** An element of XML, without attributes: the format of reports has none that say anything. */
export interface XmlElement {
  /** Without namespace prefix. */
  readonly name: string;
  /** All text directly within it, trimmed. */
  readonly text: string;
  readonly children: readonly XmlElement[];
}

interface OpenElement {
  name: string;
  text: string;
  children: XmlElement[];
}

/** Text of XML as it may come in reports: by BOM or declaration, UTF-8 without. Source: XML 1.0 appendix F */
export function decodeXml(bytes: Buffer): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return decodeCharset(bytes, 'utf-16le');
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return decodeCharset(bytes, 'utf-16be');
  const declaration = /^(?:\xef\xbb\xbf)?<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']/;
  const encoding = declaration.exec(bytes.toString('latin1', 0, 300))?.[1];
  const text = encoding === undefined ? decodeUtf8(bytes) : decodeCharset(bytes, encoding);
  return text.startsWith('\ufeff') ? text.slice(1) : text;
}

/**
 * Reads XML one child of the root at a time, so that a large document is never in memory as a tree.
 *
 * Strict where leniency could be abused: there are no document type declarations, so no entities but the five of XML, and nothing is
 * ever loaded or expanded. Elements must be closed in order. Attributes are passed over. Depth, number and length are limited.
 * @yields each child of the root, complete
 * @returns the name of the root
 * @throws ReportFormatError
 */
export function* readXmlChildren(text: string): Generator<XmlElement, string> {
  let root: string | undefined;
  let isRootOpen = false;
  let elements = 0;
  const open: OpenElement[] = [];
  for (const token of tokens(text)) {
    const current = open.at(-1);
    if (token.kind === 'text') {
      if (current === undefined) {
        if (/\S/.test(token.text)) {
          if (!isRootOpen) throw new ReportFormatError('there is text outside of the XML');
        }
        continue;
      }
      if (current.text.length + token.text.length > limits.reportXmlText) {
        throw new ReportFormatError('a text in the XML is too long');
      }
      current.text += token.text;
      continue;
    }
    if (token.kind === 'open') {
      if (!isRootOpen) {
        if (root !== undefined) throw new ReportFormatError('the XML has more than one root');
        root = token.name;
        isRootOpen = !token.isEmpty;
        continue;
      }
      if (open.length + 2 > limits.reportXmlDepth) throw new ReportFormatError('the XML is nested too deep');
      if (++elements > limits.reportXmlElements) throw new ReportFormatError('a part of the XML has too many elements');
      open.push({ name: token.name, text: '', children: [] });
      if (!token.isEmpty) continue;
    } else if (current === undefined) {
      if (!isRootOpen || token.name !== root) throw unexpectedEnd(token.name);
      isRootOpen = false;
      continue;
    } else if (current.name !== token.name) throw unexpectedEnd(token.name);
    const closed = open.pop()!;
    const element = { name: closed.name, text: closed.text.trim(), children: closed.children };
    const parent = open.at(-1);
    if (parent !== undefined) parent.children.push(element);
    else {
      elements = 0;
      yield element;
    }
  }
  if (root === undefined) throw new ReportFormatError('there is no XML');
  if (isRootOpen) throw new ReportFormatError('the XML ends too early');
  return root;
}

function unexpectedEnd(name: string): ReportFormatError {
  return new ReportFormatError(`the XML closes "${name.slice(0, 40)}", which is not open`);
}

type Token =
  | { kind: 'open'; name: string; isEmpty: boolean }
  | { kind: 'close'; name: string }
  | { kind: 'text'; text: string };

/** A name with an optional prefix; then attributes, whose values may hold ">". */
const startTag =
  /<([A-Za-z_][\w.-]{0,100})(?::([A-Za-z_][\w.-]{0,100}))?((?:\s+[^\s=<>"'/]{1,200}\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>/y;
const endTag = /<\/(?:[A-Za-z_][\w.-]{0,100}:)?([A-Za-z_][\w.-]{0,100})\s*>/y;

function* tokens(text: string): Generator<Token> {
  let at = 0;
  const skipTo = (end: string, from: number): void => {
    const found = text.indexOf(end, from);
    if (found < 0) throw new ReportFormatError('the XML ends too early');
    at = found + end.length;
  };
  while (at < text.length) {
    const next = text.indexOf('<', at);
    if (next !== at) {
      const end = next < 0 ? text.length : next;
      // Measured before it is copied, so that no text is made that is then refused.
      if (end - at > 2 * limits.reportXmlText) throw new ReportFormatError('a text in the XML is too long');
      yield { kind: 'text', text: unescaped(text.slice(at, end)) };
      at = end;
      continue;
    }
    if (text.startsWith('<!--', at)) skipTo('-->', at + 4);
    else if (text.startsWith('<?', at)) skipTo('?>', at + 2);
    else if (text.startsWith('<![CDATA[', at)) {
      const from = at + 9;
      skipTo(']]>', from);
      if (at - from > 2 * limits.reportXmlText) throw new ReportFormatError('a text in the XML is too long');
      yield { kind: 'text', text: text.slice(from, at - 3) };
    } else if (text.startsWith('<!', at)) {
      throw new ReportFormatError('the XML has a document type declaration, which no report needs');
    } else {
      const isEnd = text[at + 1] === '/';
      const pattern = isEnd ? endTag : startTag;
      pattern.lastIndex = at;
      const match = pattern.exec(text);
      if (match === null) throw new ReportFormatError(`the XML has a wrong tag at character ${at}`);
      at = pattern.lastIndex;
      if (isEnd) yield { kind: 'close', name: match[1]! };
      else yield { kind: 'open', name: match[2] ?? match[1]!, isEmpty: match[4] === '/' };
    }
  }
}

const entities: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

/** A single & is taken as it is: some senders forget to write it as an entity. */
function unescaped(text: string): string {
  if (!text.includes('&')) return text;
  return text.replace(/&(?:#(?:x([0-9a-f]{1,6})|(\d{1,7}))|([A-Za-z][\w.-]{0,30}));/gi, (_, hex, decimal, name) => {
    if (name !== undefined) {
      const character = Object.hasOwn(entities, name) ? entities[name] : undefined;
      if (character === undefined)
        throw new ReportFormatError(`the XML has the entity "${name}", which is not defined`);
      return character;
    }
    const code = Number.parseInt(hex ?? decimal, hex === undefined ? 10 : 16);
    return code > 0 && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff) ? String.fromCodePoint(code) : '\ufffd';
  });
}
