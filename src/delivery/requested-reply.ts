import { SmtpError } from '../smtp/smtp-error.ts';

export type RequestedReply =
  | { readonly kind: 'error'; readonly error: SmtpError }
  | { readonly kind: 'silence'; readonly ms: number };

/**
 * The failure that an address asks for, when the server is run to try things out (`localserve`): the localpart ends with
 * `temperror` (451), `permerror` (550), a reply code from 400 to 599, or `timeout` (no reply for an hour).
 */
export function requestedReply(localpart: string): RequestedReply | undefined {
  const word = /(?:temperror|permerror|timeout|[45]\d\d)$/i.exec(localpart)?.[0].toLowerCase();
  if (word === undefined) return undefined;
  if (word === 'timeout') return { kind: 'silence', ms: 60 * 60 * 1000 };
  const code = word === 'temperror' ? 451 : word === 'permerror' ? 550 : Number(word);
  return {
    kind: 'error',
    error: new SmtpError(code, code < 500 ? '4.0.0' : '5.0.0', 'The address asks for this reply'),
  };
}
