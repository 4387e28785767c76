import type { SmtpError } from './smtp-error.ts';

/** A whole reply as received. */
export interface Reply {
  readonly code: number;
  /** RFC 2034, when the first line begins with one of the right class. */
  readonly enhancedCode: string | undefined;
  /** Text of each line, without codes. */
  readonly lines: readonly string[];
}

/** RFC 5321 §4.5.3.1.5: 512 octets with code and line end. */
const textBytes = 480;

/**
 * Formats a reply, with the enhanced code on each line (RFC 2034 §4). Control characters in the text become spaces, so that no text can
 * end a line; lines are wrapped.
 * @param enhancedCode undefined for greetings, EHLO and 3xx, which have none
 */
export function formatReply(code: number, enhancedCode: string | undefined, text: string | readonly string[]): string {
  const prefix = enhancedCode === undefined ? '' : `${enhancedCode} `;
  if (typeof text === 'string' && text.length <= textBytes) return `${code} ${prefix}${printable(text)}\r\n`;
  const lines = (typeof text === 'string' ? [text] : text).flatMap((line) => wrap(printable(line)));
  return lines.map((line, at) => `${code}${at === lines.length - 1 ? ' ' : '-'}${prefix}${line}\r\n`).join('');
}

export function formatErrorReply(error: SmtpError): string {
  return formatReply(error.replyCode, error.enhancedCode, error.publicText);
}

function printable(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f]/g, ' ');
}

function wrap(text: string): string[] {
  if (text.length <= textBytes) return [text];
  const lines: string[] = [];
  let rest = text;
  while (rest.length > textBytes) {
    const space = rest.lastIndexOf(' ', textBytes);
    const end = space > 0 ? space : textBytes;
    lines.push(rest.slice(0, end));
    rest = rest.slice(end).trimStart();
  }
  lines.push(rest);
  return lines;
}

/**
 * Reads one line of a reply, without its line end. A code alone is a whole line (RFC 5321 §4.2: clients must accept it).
 * @returns undefined for what is no reply line
 */
export function parseReplyLine(line: string): { code: number; last: boolean; text: string } | undefined {
  const match = /^([2-5]\d\d)(?:([ -])(.*))?$/s.exec(line);
  if (match === null) return undefined;
  return { code: Number(match[1]), last: match[2] !== '-', text: match[3] ?? '' };
}

/** Makes one reply of the texts of its lines. */
export function replyOf(code: number, texts: readonly string[]): Reply {
  const enhanced = /^([245]\.\d{1,3}\.\d{1,3})(?: |$)/.exec(texts[0] ?? '')?.[1];
  // RFC 2034 §4: the class has to agree with the reply code, else it is just text.
  if (enhanced === undefined || Number(enhanced[0]) !== Math.floor(code / 100)) {
    return { code, enhancedCode: undefined, lines: texts };
  }
  const start = `${enhanced} `;
  const lines = texts.map((text) =>
    text === enhanced ? '' : text.startsWith(start) ? text.slice(start.length) : text,
  );
  return { code, enhancedCode: enhanced, lines };
}
