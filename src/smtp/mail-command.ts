import type { Address } from './address.ts';
import { badParameter, type Parameter, parseParameters, unknownParameter } from './parameters.ts';
import { parsePath } from './parse-path.ts';
import { SmtpError } from './smtp-error.ts';
import { decodeXtext } from './xtext.ts';

export type BodyType = '7BIT' | '8BITMIME' | 'BINARYMIME';

export interface MailCommand {
  /** Undefined for `<>`. */
  readonly sender: Address | undefined;
  /** As declared (RFC 1870). */
  readonly sizeBytes: number | undefined;
  readonly body: BodyType;
  readonly smtpUtf8: boolean;
  readonly ret: 'FULL' | 'HDRS' | undefined;
  /** As sent: xtext, to be passed on as it is. */
  readonly envid: string | undefined;
  readonly requireTls: boolean;
  /** Milliseconds since 1970, from HOLDFOR or HOLDUNTIL (RFC 4865). */
  readonly holdUntil: number | undefined;
}

/** Extensions offered on the connection that not every connection has. */
export interface OfferedExtensions {
  readonly auth: boolean;
  readonly requireTls: boolean;
  readonly futureRelease: boolean;
}

/**
 * Reads what follows `MAIL`.
 * @param offered parameters of other extensions are unknown
 * @param now milliseconds, from which HOLDFOR counts
 * @throws SmtpError 501, 553 or 555
 * Source: RFC 5321 §4.1.1.2, RFC 1870 §6, RFC 6152 §3, RFC 3030 §3, RFC 6531 §3.4, RFC 3461 §4.3-4.4, RFC 8689 §2, RFC 4865 §4, RFC 4954 §5
 */
export function parseMailCommand(text: string, offered: OfferedExtensions, now: number): MailCommand {
  // A space after the colon isn't allowed, but Outlook sends one.
  const start = /^FROM: ?/i.exec(text)?.[0].length;
  if (start === undefined) throw new SmtpError(501, '5.5.4', 'Syntax: MAIL FROM:<address>');
  const { address, end } = parsePath(text, start, 'reverse');
  const command = {
    sender: address,
    sizeBytes: undefined as number | undefined,
    body: '7BIT' as BodyType,
    smtpUtf8: false,
    ret: undefined as 'FULL' | 'HDRS' | undefined,
    envid: undefined as string | undefined,
    requireTls: false,
    holdUntil: undefined as number | undefined,
  };
  for (const given of parseParameters(text, end)) readParameter(given, command, offered, now);
  // RFC 6531 §3.4: without the parameter, nothing but ASCII, also in a U-label.
  if (!command.smtpUtf8 && /[^\u0000-\u007f]/.test(text)) {
    throw new SmtpError(553, '5.6.7', 'Address with other characters than ASCII needs SMTPUTF8');
  }
  return command;
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

function readParameter(
  { keyword, value }: Parameter,
  command: Mutable<MailCommand>,
  offered: OfferedExtensions,
  now: number,
): void {
  switch (keyword) {
    case 'SIZE':
      if (value === undefined || !/^\d{1,20}$/.test(value)) throw badParameter(keyword);
      command.sizeBytes = Number(value);
      return;
    case 'BODY': {
      const body = value?.toUpperCase();
      if (body !== '7BIT' && body !== '8BITMIME' && body !== 'BINARYMIME') throw badParameter(keyword);
      command.body = body;
      return;
    }
    case 'SMTPUTF8':
      if (value !== undefined) throw badParameter(keyword);
      command.smtpUtf8 = true;
      return;
    case 'RET': {
      const ret = value?.toUpperCase();
      if (ret !== 'FULL' && ret !== 'HDRS') throw badParameter(keyword);
      command.ret = ret;
      return;
    }
    case 'ENVID':
      // RFC 3461 §4.4: at most 100 characters.
      if (value === undefined || value.length > 100 || decodeXtext(value) === undefined) throw badParameter(keyword);
      command.envid = value;
      return;
    case 'REQUIRETLS':
      if (!offered.requireTls) throw unknownParameter(keyword);
      if (value !== undefined) throw badParameter(keyword);
      command.requireTls = true;
      return;
    case 'AUTH':
      // RFC 4954 §5: who wrote it originally. Nobody is trusted to say so here, which is as if `<>` had been given.
      if (!offered.auth) throw unknownParameter(keyword);
      if (value === undefined || decodeXtext(value) === undefined) throw badParameter(keyword);
      return;
    case 'HOLDFOR':
      if (!offered.futureRelease) throw unknownParameter(keyword);
      if (value === undefined || !/^\d{1,9}$/.test(value) || command.holdUntil !== undefined)
        throw badParameter(keyword);
      command.holdUntil = now + Number(value) * 1000;
      return;
    case 'HOLDUNTIL': {
      if (!offered.futureRelease) throw unknownParameter(keyword);
      // RFC 4865 §4.2.1: a date-time of RFC 3339.
      const date = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/i.test(value ?? '');
      const at = date ? Date.parse((value ?? '').toUpperCase()) : Number.NaN;
      if (Number.isNaN(at) || command.holdUntil !== undefined) throw badParameter(keyword);
      command.holdUntil = at;
      return;
    }
    default:
      throw unknownParameter(keyword);
  }
}
