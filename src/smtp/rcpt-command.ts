import type { Address } from './address.ts';
import { badParameter, parseParameters, unknownParameter } from './parameters.ts';
import { parsePath } from './parse-path.ts';
import { SmtpError } from './smtp-error.ts';
import { decodeXtext } from './xtext.ts';

export type NotifyCondition = 'NEVER' | 'SUCCESS' | 'FAILURE' | 'DELAY';

export interface RcptCommand {
  readonly recipient: Address;
  readonly notify: readonly NotifyCondition[] | undefined;
  /** As sent, `rfc822;xtext`: to be passed on as it is. */
  readonly orcpt: string | undefined;
}

const conditions: readonly string[] = ['SUCCESS', 'FAILURE', 'DELAY'] satisfies NotifyCondition[];

/**
 * Reads what follows `RCPT`.
 * @param smtpUtf8 whether MAIL had that parameter
 * @throws SmtpError 501, 553 or 555
 * Source: RFC 5321 §4.1.1.3, RFC 3461 §4.1-4.2, RFC 6531 §3.4, RFC 6533 §3
 */
export function parseRcptCommand(text: string, smtpUtf8: boolean): RcptCommand {
  const start = /^TO: ?/i.exec(text)?.[0].length;
  if (start === undefined) throw new SmtpError(501, '5.5.4', 'Syntax: RCPT TO:<address>');
  const { address, end } = parsePath(text, start, 'forward');
  if (address === undefined) throw new SmtpError(501, '5.1.3', 'Bad recipient address: it is empty');
  if (!smtpUtf8 && /[^\u0000-\u007f]/.test(text)) {
    throw new SmtpError(553, '5.6.7', 'Address with other characters than ASCII needs SMTPUTF8');
  }
  let notify: readonly NotifyCondition[] | undefined;
  let orcpt: string | undefined;
  for (const { keyword, value } of parseParameters(text, end)) {
    if (keyword === 'NOTIFY') notify = parseNotify(value);
    else if (keyword === 'ORCPT') orcpt = parseOrcpt(value);
    else throw unknownParameter(keyword);
  }
  return { recipient: address, notify, orcpt };
}

function parseNotify(value: string | undefined): readonly NotifyCondition[] {
  const words = (value ?? '').toUpperCase().split(',');
  if (words.length === 1 && words[0] === 'NEVER') return ['NEVER'];
  if (!words.every((word) => conditions.includes(word))) throw badParameter('NOTIFY');
  return [...new Set(words)] as NotifyCondition[];
}

function parseOrcpt(value: string | undefined): string {
  // RFC 3461 §4.2: at most 500 characters. RFC 6533 §3: the type utf-8 has an encoding of its own, in which `\x{` may occur.
  const match = /^([A-Za-z0-9.-]{1,40});(.{1,500})$/.exec(value ?? '');
  if (match === null) throw badParameter('ORCPT');
  const [, type, address] = match;
  if (type.toLowerCase() !== 'utf-8' && decodeXtext(address) === undefined) throw badParameter('ORCPT');
  return value as string;
}
