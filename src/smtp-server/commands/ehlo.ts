import { availableMechanisms } from '../../sasl/available-mechanisms.ts';
import { parseHelloName } from '../hello-name.ts';
import type { SmtpSession } from '../smtp-session.ts';

/** RFC 5321 §4.1.1.1 */
export async function ehlo(session: SmtpSession, argument: string): Promise<void> {
  const name = parseHelloName(argument);
  await session.resetTransaction();
  session.countJunk();
  session.hello = { name, extended: true };
  session.reply(250, undefined, [`${session.hostname} greets ${name}`, ...extensions(session)]);
}

function extensions({ server, listener, connection, identity }: SmtpSession): string[] {
  const { limits, options } = server;
  const { tls } = connection;
  const lines = ['PIPELINING', `SIZE ${limits.messageBytes}`];
  if (tls === undefined && listener.tls === 'starttls') lines.push('STARTTLS');
  if (tls !== undefined) lines.push('REQUIRETLS');
  if (listener.kind === 'submission') {
    const mechanisms = availableMechanisms({ tls, allowPlaintext: listener.allowPlaintextAuth === true });
    if (mechanisms.length > 0 && identity === undefined) lines.push(`AUTH ${mechanisms.join(' ')}`);
    const latest = new Date(options.clock.now() + limits.smtpHoldMs).toISOString();
    lines.push(`FUTURERELEASE ${Math.floor(limits.smtpHoldMs / 1000)} ${latest.replace(/\.\d+Z$/, 'Z')}`);
  }
  // RFC 9422 for LIMITS.
  lines.push('8BITMIME', 'SMTPUTF8', 'ENHANCEDSTATUSCODES', 'CHUNKING', 'BINARYMIME', 'DSN');
  lines.push(`LIMITS RCPTMAX=${limits.smtpRecipients}`);
  return lines;
}
