import { setTimeout } from 'node:timers/promises';
import { AuthenticationError } from '../sasl/authentication-error.ts';
import { clientKeyFingerprint } from '../sasl/client-key.ts';
import type { AuthenticatedIdentity } from '../sasl/server-mechanism.ts';
import type { LoginAttempt, LoginResult } from '../store/login-attempts/login-attempt.ts';
import { endTexts } from '../store/sessions/open-sessions.ts';
import { LoginRevokedError, TooManySessionsError } from '../store/sessions/session-error.ts';
import { capabilities } from './capabilities.ts';
import { type OkReply, RefusedError } from './reply.ts';
import type { Session } from './session.ts';

/** Failed logins after which the connection ends. */
const maxFailedLogins = 5;

/**
 * Does a login by whatever mechanism, with all that depends on its outcome: limits, delays, log, account.
 * @param identify checks the credentials
 * @throws RefusedError
 */
export async function logIn(
  session: Session,
  mechanism: string,
  identify: () => Promise<AuthenticatedIdentity>,
): Promise<OkReply> {
  const { server, remoteAddress } = session;
  if (!server.loginGuard.mayTry(remoteAddress)) throw tooManyFailed(session, mechanism, undefined);
  const mark = server.sessions.mark();
  let identity: AuthenticatedIdentity;
  try {
    identity = await identify();
  } catch (error) {
    if (!(error instanceof AuthenticationError)) throw error;
    throw await refusal(session, mechanism, error);
  }
  const { credential, login } = identity;
  if (credential === undefined && !(await server.loginGuard.admits(remoteAddress, login))) {
    throw await guessed(session, mechanism, login);
  }
  await admit(session, mechanism, identity, mark);
  return { code: `CAPABILITY ${capabilities(session)}`, text: 'Logged in' };
}

/**
 * Logs a client in by its certificate before it has said anything, where that is wanted. Whoever is not logged in so may still try
 * EXTERNAL, and is told then why it fails.
 * @returns whether it is logged in, and is to be greeted by PREAUTH (RFC 9051 §7.1.4)
 */
export async function logInByCertificate(session: Session): Promise<boolean> {
  const { server, remoteAddress, tls } = session;
  const fingerprint = tls && clientKeyFingerprint(tls);
  if (fingerprint === undefined || !server.loginGuard.mayTry(remoteAddress)) return false;
  const mark = server.sessions.mark();
  try {
    const found = await server.credentials.certificateIdentity?.(fingerprint, undefined);
    if (!found?.imapPreauth) return false;
    await admit(session, 'EXTERNAL', found.identity, mark);
    return true;
  } catch (error) {
    if (!(error instanceof RefusedError)) session.log.error({ err: error }, 'certificate cannot be checked');
    return false;
  }
}

/** @throws RefusedError */
async function admit(
  session: Session,
  mechanism: string,
  identity: AuthenticatedIdentity,
  mark: number,
): Promise<void> {
  const { server } = session;
  const { login, credential } = identity;
  session.leave = enter(session, mechanism, identity, mark);
  try {
    session.account = await server.accounts.open(identity.account);
  } catch (error) {
    session.leave();
    session.leave = undefined;
    throw error;
  }
  session.log = session.log.child({ account: identity.account });
  session.log.info({ login, mechanism, credential: credential?.name }, 'logged in');
  server.countLogin('succeeded', mechanism);
  session.noteLogin(attempt(session, mechanism, 'succeeded', identity));
}

/** Too many logins have failed, from the client's address or for its login. */
function tooManyFailed(session: Session, mechanism: string, login: string | undefined): RefusedError {
  session.server.countLogin('refused', '');
  record(session, mechanism, 'refused', { login });
  // RFC 5530 §3
  return new RefusedError('NO', 'LIMIT', 'Too many failed logins: try again later');
}

/** An account that too many have guessed at is logged in to: answered alike, and as late, whether the password was right or wrong. */
async function guessed(session: Session, mechanism: string, login: string | undefined): Promise<RefusedError> {
  await pause(session, login);
  return tooManyFailed(session, mechanism, login);
}

/**
 * Takes its place among the sessions of the account.
 * @throws RefusedError when there is none, or the password has just changed
 */
function enter(session: Session, mechanism: string, identity: AuthenticatedIdentity, mark: number): () => void {
  const { server, remoteAddress } = session;
  const { account, login, credential } = identity;
  const details = { account, login, credential, mechanism, remoteAddress };
  try {
    return server.sessions.open(
      {
        protocol: 'imap',
        ...details,
        look: () => ({
          client: session.client,
          mailbox: session.selected?.name,
          state: session.command ?? 'waiting',
          receivedBytes: session.socket.bytesRead,
          sentBytes: session.socket.bytesWritten,
        }),
        end: (reason) => session.end(endTexts[reason]),
      },
      mark,
    );
  } catch (error) {
    const isFull = error instanceof TooManySessionsError;
    if (!isFull && !(error instanceof LoginRevokedError)) throw error;
    server.countLogin('refused', mechanism);
    record(session, mechanism, isFull ? 'limited' : 'temporary', identity);
    session.log.info({ ...details, credential: credential?.name, err: error }, 'login refused');
    // RFC 5530 §3
    throw isFull
      ? new RefusedError('NO', 'LIMIT', 'The account has too many sessions open: close some, or try again later', error)
      : new RefusedError('NO', 'UNAVAILABLE', 'Login cannot be checked now', error);
  }
}

function record(session: Session, mechanism: string, result: LoginResult, who: Partial<AuthenticatedIdentity>): void {
  session.server.recordLogin({ ...attempt(session, mechanism, result, who), client: session.client });
}

function attempt(
  { remoteAddress, tls }: Session,
  mechanism: string,
  result: LoginResult,
  { account, login, credential }: Partial<AuthenticatedIdentity>,
): LoginAttempt {
  return { account, login, remoteAddress, protocol: 'imap', mechanism, credential: credential?.name, tls, result };
}

async function refusal(session: Session, mechanism: string, error: AuthenticationError): Promise<RefusedError> {
  const { server } = session;
  session.log.info({ login: error.login, mechanism, reason: error.code }, 'login failed');
  if (error.code === 'failed' && !(await server.loginGuard.admits(session.remoteAddress, error.login))) {
    return await guessed(session, mechanism, error.login);
  }
  record(session, mechanism, error.code, { login: error.login });
  if (error.code === 'temporary') {
    session.log.error({ err: error, mechanism }, 'login cannot be checked');
    return new RefusedError('NO', 'UNAVAILABLE', 'Login cannot be checked now', error);
  }
  if (error.code === 'aborted') return new RefusedError('BAD', undefined, 'Login was given up', error);
  if (error.code === 'malformed')
    return new RefusedError('BAD', undefined, 'That is no message of the mechanism', error);
  server.countLogin('failed', mechanism);
  await pause(session, error.login);
  return new RefusedError('NO', 'AUTHENTICATIONFAILED', 'Login failed', error);
}

/** Counts a failed login, and makes its client wait; ends the connection after some. */
async function pause(session: Session, login: string | undefined): Promise<void> {
  const { loginGuard, stopping } = session.server;
  session.failedLogins++;
  const delayMs = loginGuard.failed(session.remoteAddress, login);
  await setTimeout(delayMs, undefined, { signal: stopping, ref: false }).catch(() => {});
  if (session.failedLogins < maxFailedLogins) return;
  session.out.write('* BYE Too many failed logins\r\n');
  session.ended = true;
}
