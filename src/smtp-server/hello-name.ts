import { parseDomain } from '../smtp/domain.ts';
import { SmtpError } from '../smtp/smtp-error.ts';

/**
 * Reads the name that a client gives itself. It should be its domain name or an address literal; as many programs on people's machines
 * send names with underscores or of one label, all that can stand in a Received field is taken.
 * @returns the name, U-labels turned into A-labels
 * Source: RFC 5321 §4.1.1.1, §4.1.4
 */
export function parseHelloName(argument: string): string {
  if (argument.length <= 255 && /^(?:[A-Za-z0-9._-]+|\[[A-Za-z0-9.:-]+\])$/.test(argument)) return argument;
  const domain = parseDomain(argument);
  if (domain === undefined) throw new SmtpError(501, '5.5.4', 'A domain name or address literal is needed');
  return domain;
}
