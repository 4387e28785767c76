import { isIPv6 } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { formatDate } from '../message/format-date.ts';

interface Trace {
  readonly helloName: string;
  /** HELO gives SMTP, EHLO ESMTP. */
  readonly extended: boolean;
  /** Undefined hides who the client is: what our users' addresses are is nobody's business. */
  readonly remoteAddress: string | undefined;
  readonly hostname: string;
  readonly tls: TLSSocket | undefined;
  readonly authenticated: boolean;
  readonly smtpUtf8: boolean;
  readonly id: string;
  /** Formatted; given for a single recipient only, as recipients are not to learn of each other (RFC 5321 §7.6). */
  readonly recipient: string | undefined;
  readonly receivedAt: number;
}

/** The Received field that this server adds. Source: RFC 5321 §4.4, RFC 3848, RFC 6531 §4.3, RFC 8314 §4.3 */
export function traceField(trace: Trace): string {
  const from =
    trace.remoteAddress === undefined ? '' : `from ${trace.helloName} (${addressLiteral(trace.remoteAddress)})\r\n\t`;
  const recipient = trace.recipient === undefined ? '' : `\r\n\tfor <${trace.recipient}>`;
  const cipher = trace.tls?.getCipher();
  const tls = cipher === undefined ? '' : `\r\n\ttls ${cipher.standardName ?? cipher.name}`;
  return (
    `Received: ${from}by ${trace.hostname} (Restante) with ${protocol(trace)}\r\n` +
    `\tid ${trace.id}${recipient}${tls};\r\n\t${formatDate(trace.receivedAt)}\r\n`
  );
}

function protocol({ extended, smtpUtf8, tls, authenticated }: Trace): string {
  if (!extended) return 'SMTP';
  return `${smtpUtf8 ? 'UTF8SMTP' : 'ESMTP'}${tls === undefined ? '' : 'S'}${authenticated ? 'A' : ''}`;
}

export function addressLiteral(address: string): string {
  return isIPv6(address) ? `[IPv6:${address}]` : `[${address}]`;
}
