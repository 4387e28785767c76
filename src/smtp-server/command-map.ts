import { auth } from './commands/auth.ts';
import { bdat } from './commands/bdat.ts';
import { data } from './commands/data.ts';
import { ehlo } from './commands/ehlo.ts';
import { expn } from './commands/expn.ts';
import { helo } from './commands/helo.ts';
import { help } from './commands/help.ts';
import { mail } from './commands/mail.ts';
import { noop } from './commands/noop.ts';
import { quit } from './commands/quit.ts';
import { rcpt } from './commands/rcpt.ts';
import { rset } from './commands/rset.ts';
import { starttls } from './commands/starttls.ts';
import { vrfy } from './commands/vrfy.ts';
import type { SmtpSession } from './smtp-session.ts';

/**
 * Serves one command: replies through the session, or throws what is replied for it.
 * @throws SmtpError
 */
export type Command = (session: SmtpSession, argument: string) => Promise<void> | void;

export const commands: ReadonlyMap<string, Command> = new Map<string, Command>([
  ['AUTH', auth],
  ['BDAT', bdat],
  ['DATA', data],
  ['EHLO', ehlo],
  ['EXPN', expn],
  ['HELO', helo],
  ['HELP', help],
  ['MAIL', mail],
  ['NOOP', noop],
  ['QUIT', quit],
  ['RCPT', rcpt],
  ['RSET', rset],
  ['STARTTLS', starttls],
  ['VRFY', vrfy],
]);
