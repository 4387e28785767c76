import { setTimeout } from 'node:timers/promises';
import { AuthenticationError } from '../../sasl/authentication-error.ts';
import { availableMechanisms } from '../../sasl/available-mechanisms.ts';
import { createMechanism } from '../../sasl/create-mechanism.ts';
import type { AuthenticatedIdentity, Credential, ServerMechanism } from '../../sasl/server-mechanism.ts';
import { decodeBase64 } from '../../sasl/strict-base64.ts';
import { SmtpError } from '../../smtp/smtp-error.ts';
import type { LoginResult } from '../../store/login-attempts/login-attempt.ts';
import { endTexts } from '../../store/sessions/open-sessions.ts';
import { LoginRevokedError, TooManySessionsError } from '../../store/sessions/session-error.ts';
import type { SmtpSession } from '../smtp-session.ts';

/** RFC 4954 §4 */
export async function auth(session: SmtpSession, argument: string): Promise<void> {
  const { connection, listener, server } = session;
  const [name = '', initial, ...rest] = argument.split(' ');
  if (listener.kind !== 'submission') throw new SmtpError(502, '5.5.1', 'Logins are not offered here');
  if (session.hello === undefined) throw new SmtpError(503, '5.5.1', 'EHLO comes first');
  if (session.identity !== undefined) throw new SmtpError(503, '5.5.1', 'You are logged in already');
  if (session.transaction !== undefined) throw new SmtpError(503, '5.5.1', 'Not within a transaction');
  if (name === '' || rest.length > 0) throw new SmtpError(501, '5.5.4', 'Syntax: AUTH mechanism [initial response]');
  const available = availableMechanisms({ tls: connection.tls, allowPlaintext: listener.allowPlaintextAuth === true });
  if (available.length === 0) throw new SmtpError(538, '5.7.11', 'Logins need TLS');
  const mechanism = available.includes(name.toUpperCase())
    ? createMechanism(name, {
        credentials: server.options.credentials,
        tls: connection.tls,
        admits: (login) => server.loginGuard.admits(session.remoteAddress, login),
      })
    : undefined;
  if (mechanism === undefined) throw new SmtpError(504, '5.5.4', 'Mechanism not known');
  if (!server.loginGuard.mayTry(session.remoteAddress)) throw tooManyFailed(session, mechanism.name, undefined);
  const mark = server.openSessions.mark();
  let identity: AuthenticatedIdentity;
  try {
    identity = await exchange(session, mechanism, initial === undefined ? undefined : decode(initial, true));
  } catch (error) {
    throw await refusal(session, mechanism.name, error);
  }
  const { credential, login } = identity;
  if (credential === undefined && !(await server.loginGuard.admits(session.remoteAddress, login))) {
    throw await guessed(session, mechanism.name, login);
  }
  session.leave = enter(session, mechanism.name, identity, mark);
  session.identity = identity;
  server.logins.add(1, { mechanism: mechanism.name, result: 'ok' });
  record(session, mechanism.name, 'succeeded', identity);
  session.log.info({ account: identity.account, mechanism: mechanism.name }, 'logged in');
  session.reply(235, '2.7.0', 'Logged in');
}

/** Too many logins have failed, from the client's address or for its login. */
function tooManyFailed(session: SmtpSession, mechanism: string, login: string | undefined): SmtpError {
  session.server.logins.add(1, { mechanism, result: 'refused' });
  record(session, mechanism, 'refused', { login });
  return new SmtpError(454, '4.7.0', 'Too many failed logins, try again later');
}

/** An account that too many have guessed at is logged in to: answered alike, and as late, whether the password was right or wrong. */
async function guessed(session: SmtpSession, mechanism: string, login: string | undefined): Promise<SmtpError> {
  await pause(session, login);
  return tooManyFailed(session, mechanism, login);
}

/** Counts a failed login, and makes its client wait. */
async function pause({ server, remoteAddress }: SmtpSession, login: string | undefined): Promise<void> {
  const delayMs = server.loginGuard.failed(remoteAddress, login);
  await setTimeout(delayMs, undefined, { signal: server.stop.signal, ref: false }).catch(() => {});
}

/** @throws SmtpError when the account has no room for it, or its password has just changed */
function enter(session: SmtpSession, mechanism: string, identity: AuthenticatedIdentity, mark: number): () => void {
  const { server, remoteAddress, connection } = session;
  const { account, login, credential } = identity;
  try {
    return server.openSessions.open(
      {
        ...{ protocol: 'submission', account, login, credential, mechanism, remoteAddress },
        look: () => ({
          client: session.hello?.name,
          mailbox: undefined,
          state: session.state,
          receivedBytes: connection.receivedBytes,
          sentBytes: connection.sentBytes,
        }),
        end: (reason) => session.end(endTexts[reason]),
      },
      mark,
    );
  } catch (error) {
    const isFull = error instanceof TooManySessionsError;
    if (!isFull && !(error instanceof LoginRevokedError)) throw error;
    server.logins.add(1, { mechanism, result: isFull ? 'limited' : 'temporary' });
    record(session, mechanism, isFull ? 'limited' : 'temporary', identity);
    session.log.info({ account, mechanism, err: error }, 'login refused');
    // RFC 4954 §6
    throw new SmtpError(
      454,
      '4.7.0',
      isFull ? 'The account has too many sessions open, try again later' : 'Logins do not work at the moment',
    );
  }
}

async function exchange(
  session: SmtpSession,
  mechanism: ServerMechanism,
  initial: Buffer | undefined,
): Promise<AuthenticatedIdentity> {
  const { limits } = session.server;
  let step = await mechanism.next(initial);
  while ('challenge' in step) {
    session.connection.write(`334 ${step.challenge.toString('base64')}\r\n`);
    const line = await session.connection.readLine(limits.smtpAuthLineBytes, limits.smtpCommandTimeoutMs);
    if (!line.subarray(-2).equals(Buffer.from('\r\n'))) throw new SmtpError(500, '5.5.2', 'Lines must end with CR LF');
    const response = line.toString('latin1', 0, line.length - 2);
    if (response === '*') throw new AuthenticationError('aborted', 'Cannot log in: the client gave up');
    step = await mechanism.next(decode(response, false));
  }
  return step.success;
}

/** @param initial where an empty response is written `=` (RFC 4954 §4) */
function decode(text: string, initial: boolean): Buffer {
  if (initial && text === '=') return Buffer.alloc(0);
  const decoded = text === '' && !initial ? Buffer.alloc(0) : decodeBase64(text);
  if (decoded === undefined) throw new SmtpError(501, '5.5.2', 'That is not base64');
  return decoded;
}

function record(
  { server, connection, remoteAddress, hello }: SmtpSession,
  mechanism: string,
  result: LoginResult,
  { account, login, credential }: { account?: string; login?: string | undefined; credential?: Credential },
): void {
  const who = { account, login, credential: credential?.name, client: hello?.name };
  const { tls } = connection;
  server.options.recordLogin?.({ ...who, remoteAddress, protocol: 'submission', mechanism, tls, result });
}

/** RFC 4954 §4 and §6. */
async function refusal(session: SmtpSession, mechanism: string, error: unknown): Promise<unknown> {
  if (!(error instanceof AuthenticationError)) return error;
  const { server, remoteAddress, log } = session;
  if (error.code === 'failed' && !(await server.loginGuard.admits(remoteAddress, error.login))) {
    return await guessed(session, mechanism, error.login);
  }
  server.logins.add(1, { mechanism, result: error.code });
  record(session, mechanism, error.code, { login: error.login });
  log.info({ mechanism, login: error.login, reason: error.code, err: error }, 'login refused');
  switch (error.code) {
    case 'failed':
      await pause(session, error.login);
      return new SmtpError(535, '5.7.8', 'Login or password is wrong');
    case 'malformed':
      return new SmtpError(501, '5.5.2', 'Malformed response');
    case 'aborted':
      return new SmtpError(501, '5.0.0', 'Login given up');
    case 'temporary':
      return new SmtpError(454, '4.7.0', 'Logins do not work at the moment', { cause: error });
  }
}
