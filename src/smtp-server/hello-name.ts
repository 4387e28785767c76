import { SmtpError } from '../smtp/smtp-error.ts';

/**
 * Reads the name that a client gives itself. It should be its domain name or an address literal; as many programs on people's machines
 * send names with underscores or of one label, all that can stand in a Received field is taken.
 * Source: RFC 5321 §4.1.1.1, §4.1.4
 */
export function parseHelloName(argument: string): string {
  if (
    Buffer.byteLength(argument) > 255 ||
    !/^(?:[A-Za-z0-9._\u0080-\u{10ffff}-]+|\[[A-Za-z0-9.:-]+\])$/u.test(argument)
  ) {
    throw new SmtpError(501, '5.5.4', 'A domain name or address literal is needed');
  }
  return argument;
}
