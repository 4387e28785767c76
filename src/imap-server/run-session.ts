import { ArgumentParser } from '../imap/argument-parser.ts';
import { ImapSyntaxError } from '../imap/syntax-error.ts';
import type { ByteText } from '../message/structure.ts';
import { ConnectionClosedError, ReadTimeoutError } from '../runtime/wire-reader.ts';
import { capabilities } from './capabilities.ts';
import type { Command } from './command.ts';
import { CommandTooLongError } from './command-input.ts';
import { commandMap } from './command-map.ts';
import { replyToError } from './error-replies.ts';
import { logInByCertificate } from './log-in.ts';
import { Pace } from './pace.ts';
import { type OkReply, RefusedError, statusLine } from './reply.ts';
import { requireUids } from './require-uids.ts';
import type { Session } from './session.ts';

/**
 * Serves one connection to its end: greets, then reads commands and answers each in turn.
 * @throws never because of what the client does
 */
export async function runSession(session: Session): Promise<void> {
  const { server } = session;
  let badCommands = 0;
  let pace: Pace | undefined;
  try {
    const greeting = (await logInByCertificate(session)) ? 'PREAUTH' : 'OK';
    const ready = `${server.hostname} Restante IMAP server ready`;
    session.out.write(`* ${greeting} [CAPABILITY ${capabilities(session)}] ${ready}\r\n`);
    await session.out.flush();
    while (!session.ended) {
      const understood = await serveCommand(session);
      badCommands = understood ? 0 : badCommands + 1;
      if (badCommands >= server.limits.imapBadCommands) {
        session.out.write('* BYE [CLIENTBUG] Too many commands that are none\r\n');
        session.ended = true;
      }
      await session.out.flush();
      // Commands that have come together wait for nothing: others must get their turn between them.
      if (session.input.reader.unreadBytes === 0) pace = undefined;
      else {
        pace ??= new Pace();
        if (pace.over) await pace.turn();
      }
    }
    if (session.farewell !== undefined) session.out.write(`* BYE ${session.farewell}\r\n`);
    await session.out.drain();
  } catch (error) {
    if (error instanceof ReadTimeoutError) {
      session.out.write('* BYE Nothing was heard for too long\r\n');
      await session.out.drain().catch(() => {});
    } else if (!(error instanceof ConnectionClosedError)) throw error;
  } finally {
    await session.logOut();
  }
}

/** What clients may ask after login before they say who they are. */
const beforeId = new Set(['ID', 'CAPABILITY']);

/** @returns whether the command was understood */
async function serveCommand(session: Session): Promise<boolean> {
  const { imapCommandBytes, imapCommandBytesBeforeLogin, imapIdleMs, imapIdleBeforeLoginMs } = session.server.limits;
  const loggedIn = session.account !== undefined;
  let text: ByteText;
  session.waiting = true;
  session.notifications?.resume();
  try {
    text = await session.input.command(
      loggedIn ? imapCommandBytes : imapCommandBytesBeforeLogin,
      loggedIn ? imapIdleMs : imapIdleBeforeLoginMs,
      !loggedIn ? 'none' : session.selected === undefined ? 'append' : 'append-and-replace',
    );
  } catch (error) {
    if (!(error instanceof CommandTooLongError)) throw error;
    const { status, code, text: said } = replyToError(error);
    session.out.write(statusLine(error.tag ?? '*', status, code, said));
    return false;
  } finally {
    session.waiting = false;
    if (session.notifications !== undefined) await session.notifications.pause();
  }
  const args = new ArgumentParser(text);
  let tag = '*';
  const startedAt = performance.now();
  let name = '';
  let outcome = 'OK';
  let begun = false;
  try {
    tag = args.tag();
    args.space();
    name = args.word();
    if (name === 'UID') {
      args.space();
      name = `UID ${args.word()}`;
    }
    const command = commandMap.get(name);
    if (command === undefined) {
      name = 'unknown';
      throw new ImapSyntaxError('Unknown command');
    }
    checkState(session, command);
    if (command.byNumber === true) requireUids(session);
    if (!beforeId.has(name)) session.recordLogin();
    session.command = name;
    if (command.when === 'selected' && !command.leavesMailbox && session.selected?.shared) {
      await session.selected.renewRights(session.out);
    }
    begun = true;
    const reply = await runTelling(session, command, args);
    session.out.write(statusLine(tag, 'OK', reply?.code, reply?.text ?? 'Done'));
    if (reply?.after !== undefined) {
      await session.out.drain();
      await reply.after();
    }
  } catch (error) {
    if (error instanceof ConnectionClosedError || error instanceof ReadTimeoutError) throw error;
    // What a refused REPLACE still brings must not be taken for commands.
    if (!begun) await session.input.dropLiterals(text, imapIdleMs);
    const reply = replyToError(error);
    if (reply.unexpected) session.log.error({ err: error, command: name }, 'command failed');
    outcome = reply.status;
    session.out.write(statusLine(tag, reply.status, reply.code, reply.text));
  }
  session.command = undefined;
  session.server.countCommand(name, outcome, performance.now() - startedAt);
  return outcome !== 'BAD';
}

/** Runs a command, and tells what others have changed before it is answered, also when it was refused. */
async function runTelling(session: Session, command: Command, args: ArgumentParser): Promise<OkReply | undefined> {
  let reply: OkReply | undefined;
  const tell = async (): Promise<void> => {
    const expunges = command.tellsExpunges && reply?.keepsNumbers !== true;
    if (session.ended) return;
    await session.selected?.tell(session, expunges);
    if (session.metadata !== undefined) await session.metadata.tell();
  };
  try {
    reply = await command.run(session, args);
  } catch (error) {
    if (replyToError(error).status === 'NO') await tell();
    throw error;
  }
  await tell();
  return reply;
}

function checkState(session: Session, command: Command): void {
  const { when } = command;
  if (when === 'before-login' && session.account !== undefined) {
    throw new RefusedError('BAD', undefined, 'You are logged in already');
  }
  if ((when === 'logged-in' || when === 'selected') && session.account === undefined) {
    throw new RefusedError('BAD', undefined, 'Log in first');
  }
  if (when === 'selected' && session.selected === undefined) {
    throw new RefusedError('BAD', undefined, 'Select a mailbox first');
  }
}
