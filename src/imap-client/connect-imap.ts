import { once } from 'node:events';
import { connect, isIP, type Socket } from 'node:net';
import { type TLSSocket, connect as tlsConnect } from 'node:tls';
import { limits } from '../runtime/limits.ts';
import type { Log } from '../runtime/log.ts';
import { ImapConnectionError, ImapRefusedError, ImapTlsError } from './imap-client-error.ts';
import { ImapSession } from './imap-session.ts';
import { type ImapCredentials, logIn } from './log-in.ts';

export interface ImapTarget {
  /** Name or IP address: for SNI and the certificate too. */
  readonly host: string;
  readonly port: number;
  /** `none`: all goes in the clear. */
  readonly tls: 'implicit' | 'starttls' | 'none';
  /** PEM of authorities to trust instead of the system's. */
  readonly authorities?: string | undefined;
  /** SHA-256 of the only certificate to trust, as 64 hexadecimal digits: then neither name nor authority count. */
  readonly fingerprint?: string | undefined;
}

export interface ImapClientOptions {
  readonly log: Log;
  readonly signal: AbortSignal;
  /** Default: `limits.imapClientReadMs`. */
  readonly readTimeoutMs?: number | undefined;
}

/**
 * Opens a session: connects, starts TLS, logs in.
 * @throws ImapConnectionError, ImapTlsError, ImapLoginError, with the connection closed; the signal's reason
 * Source: RFC 9051 §3, RFC 8314 §3
 */
export async function connectImap(
  target: ImapTarget,
  credentials: ImapCredentials,
  options: ImapClientOptions,
): Promise<ImapSession> {
  const { log, signal, readTimeoutMs: timeoutMs = limits.imapClientReadMs } = options;
  let socket = await open(target, signal);
  if (target.tls === 'implicit') socket = await secure(socket, target, signal);
  const session = new ImapSession(socket, { host: target.host, log, timeoutMs, signal });
  try {
    const greeting = await session.greeting();
    if (greeting.name === 'BYE') {
      throw new ImapConnectionError(target.host, `it refused the connection: ${greeting.text.slice(0, 300)}`);
    }
    // RFC 9051 §11.3: whoever sits between may say PREAUTH to keep us from starting TLS.
    if (greeting.name === 'PREAUTH' && target.tls === 'starttls') {
      throw new ImapTlsError(target.host, 'it says that we are logged in, before TLS');
    }
    if (greeting.name !== 'OK' && greeting.name !== 'PREAUTH') {
      throw new ImapConnectionError(target.host, 'it is no IMAP server');
    }
    if (target.tls === 'starttls') await startTls(session, target, signal);
    if (session.capabilities.size === 0) await session.command('CAPABILITY');
    if (greeting.name !== 'PREAUTH') await logIn(session, credentials);
    if (session.capabilities.size === 0) await session.command('CAPABILITY');
    return session;
  } catch (error) {
    session.destroy();
    signal.throwIfAborted();
    throw error;
  }
}

async function open({ host, port }: ImapTarget, signal: AbortSignal): Promise<Socket> {
  signal.throwIfAborted();
  const socket = connect({ host, port });
  socket.setNoDelay(true);
  socket.setKeepAlive(true, 60_000);
  const failure = await until(socket, 'connect', signal);
  if (failure === undefined) return socket;
  throw new ImapConnectionError(host, `no connection to port ${port}: ${failure.message}`, failure);
}

async function startTls(session: ImapSession, target: ImapTarget, signal: AbortSignal): Promise<void> {
  try {
    await session.command('STARTTLS');
  } catch (error) {
    if (!(error instanceof ImapRefusedError)) throw error;
    throw new ImapTlsError(target.host, 'it does not offer STARTTLS', {
      hint: 'Try --tls implicit, on port 993.',
      cause: error,
    });
  }
  const socket = session.detach();
  // RFC 9051 §6.2.1: what came before counts no more; somebody has put it there.
  if (socket === undefined) throw new ImapTlsError(target.host, 'it sent more than its answer before TLS');
  session.use(await secure(socket, target, signal));
}

/** Does the client's side of the handshake, and looks at the certificate. */
async function secure(socket: Socket, target: ImapTarget, signal: AbortSignal): Promise<TLSSocket> {
  const { host, authorities, fingerprint } = target;
  const secured = tlsConnect({
    socket,
    // RFC 6066 §3: no SNI for addresses.
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ...(authorities === undefined ? {} : { ca: authorities }),
    host,
    // RFC 8996.
    minVersion: 'TLSv1.2',
    // Verified below, with words that help.
    rejectUnauthorized: false,
  });
  const failure = await until(secured, 'secureConnect', signal);
  if (failure !== undefined) {
    socket.destroy();
    throw new ImapTlsError(host, `TLS failed: ${failure.message}`, { cause: failure });
  }
  const found = secured.getPeerX509Certificate()?.fingerprint256;
  const trusted =
    fingerprint === undefined ? secured.authorized : found?.replaceAll(':', '').toLowerCase() === fingerprint;
  if (trusted) return secured;
  secured.destroy();
  if (fingerprint !== undefined) {
    throw new ImapTlsError(host, `its certificate is another one: its SHA-256 fingerprint is ${found}`);
  }
  throw new ImapTlsError(host, `its certificate is not accepted: ${secured.authorizationError}`, {
    hint: `Give its authority with --ca-file; or, if this is the SHA-256 fingerprint that the certificate should have: --fingerprint ${found}`,
  });
}

/** @returns what went wrong; the socket is destroyed then. @throws the signal's reason */
async function until(socket: Socket, event: string, signal: AbortSignal): Promise<Error | undefined> {
  // Errors after the one that is waited for have nobody to go to.
  socket.on('error', () => {});
  const timeoutMs = limits.imapClientConnectMs;
  const timer = setTimeout(() => socket.destroy(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
  const onClose = (): void => void socket.emit('error', new Error('the connection was closed'));
  const onAbort = (): void => void socket.destroy(new Error('interrupted'));
  socket.once('close', onClose);
  signal.addEventListener('abort', onAbort);
  try {
    await once(socket, event);
    signal.throwIfAborted();
    return undefined;
  } catch (error) {
    socket.destroy();
    signal.throwIfAborted();
    return error as Error;
  } finally {
    clearTimeout(timer);
    socket.off('close', onClose);
    signal.removeEventListener('abort', onAbort);
  }
}
