import { SmtpError } from '../smtp/smtp-error.ts';
import { FatalSmtpError } from './fatal-smtp-error.ts';

const reply = [550, '5.6.0', 'The message has a bare CR or LF: its lines must end with CR LF'] as const;

/**
 * What a message by DATA gets whose lines don't all end with CRLF. Where another server on its way saw other line ends than we do,
 * what we take for the end may be none, and what follows be data: the connection is closed (RFC 5321 §2.3.8).
 */
export function bareLineEndInData(): SmtpError {
  return new FatalSmtpError(...reply);
}

/** The same for BDAT, where the end is counted and nobody can be mistaken about it. */
export function bareLineEndInChunk(): SmtpError {
  return new SmtpError(...reply);
}
