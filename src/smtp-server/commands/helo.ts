import { parseHelloName } from '../hello-name.ts';
import type { SmtpSession } from '../smtp-session.ts';

/** RFC 5321 §4.1.1.1 */
export async function helo(session: SmtpSession, argument: string): Promise<void> {
  const name = parseHelloName(argument);
  await session.resetTransaction();
  session.countJunk();
  session.hello = { name, extended: false };
  session.reply(250, undefined, session.hostname);
}
