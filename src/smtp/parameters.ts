import { SmtpError } from './smtp-error.ts';

export interface Parameter {
  /** Upper case. */
  readonly keyword: string;
  readonly value: string | undefined;
}

const parameter = /^([A-Za-z0-9][A-Za-z0-9-]*)(?:=([\x21-\x3c\x3e-\x7e\u0080-\u{10ffff}]+))?$/u;

/**
 * Reads what follows the path in MAIL and RCPT: nothing, or parameters, each after a space. Each may come once.
 * @throws SmtpError 501
 * Source: RFC 5321 §4.1.2, RFC 6531 §3.3
 */
export function parseParameters(text: string, start: number): Parameter[] {
  const rest = text.slice(start).trimEnd();
  if (rest === '') return [];
  if (rest[0] !== ' ') throw new SmtpError(501, '5.5.4', 'Nothing but parameters may follow the address');
  const parameters: Parameter[] = [];
  for (const word of rest.slice(1).split(/ +/)) {
    const match = parameter.exec(word);
    if (match === null) throw new SmtpError(501, '5.5.4', 'Malformed parameter');
    const keyword = match[1].toUpperCase();
    if (parameters.some((other) => other.keyword === keyword)) {
      throw new SmtpError(501, '5.5.4', `Parameter ${keyword} came twice`);
    }
    parameters.push({ keyword, value: match[2] });
  }
  return parameters;
}

/** RFC 5321 §4.1.1.11. */
export function unknownParameter(keyword: string): SmtpError {
  return new SmtpError(555, '5.5.4', `Parameter ${keyword.slice(0, 64)} is not known or not allowed here`);
}

export function badParameter(keyword: string): SmtpError {
  return new SmtpError(501, '5.5.4', `Bad value of parameter ${keyword}`);
}
