import { SmtpError } from './smtp-error.ts';

export interface CommandLine {
  /** Upper case. */
  readonly verb: string;
  /** What follows the verb and one space; trailing spaces removed (RFC 5321 §4.1.1). */
  readonly argument: string;
}

const CR = 13;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Reads one command line, with its line end, which must be CRLF: where others end lines elsewhere, commands can be smuggled.
 * @throws SmtpError 500
 * Source: RFC 5321 §2.3.8, §4.1.1
 */
export function parseCommandLine(line: Buffer): CommandLine {
  if (line.length < 2 || line[line.length - 2] !== CR || line.indexOf(CR) !== line.length - 2)
    throw new BareLineEndError();
  const text = decode(line.subarray(0, line.length - 2));
  const space = text.indexOf(' ');
  const verb = (space === -1 ? text : text.slice(0, space)).toUpperCase();
  if (!/^[A-Z][A-Z0-9]{0,15}$/.test(verb)) throw new SmtpError(500, '5.5.2', 'Malformed command');
  return { verb, argument: space === -1 ? '' : text.slice(space + 1).trimEnd() };
}

/** A CR or LF that isn't part of a CRLF. */
export class BareLineEndError extends SmtpError {
  constructor() {
    super(500, '5.5.2', 'Lines must end with CR LF, and contain no other CR or LF');
  }
}

function decode(bytes: Buffer): string {
  const text = bytes.toString('latin1');
  if (/^[\x20-\x7e]*$/.test(text)) return text;
  if (/[\x00-\x1f\x7f]/.test(text)) throw new SmtpError(500, '5.5.2', 'Control characters are not allowed');
  try {
    return utf8.decode(bytes);
  } catch {
    throw new SmtpError(500, '5.5.2', 'Other characters than ASCII must be UTF-8');
  }
}
