import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { TlsFault } from '../mailauth/tls-report/tls-result.ts';
import type { Log } from '../runtime/log.ts';
import { authenticate } from './authenticate.ts';
import { type Capabilities, parseCapabilities } from './capabilities.ts';
import { Channel } from './channel.ts';
import { SmtpSessionError } from './session-error.ts';
import { SmtpSession } from './smtp-session.ts';
import { type SocksProxy, socksConnect } from './socks-connect.ts';
import { type SecuredSocket, startTls, type TlsCheck } from './start-tls.ts';
import { type SmtpTimeouts, standardTimeouts } from './timeouts.ts';

export interface SmtpTarget {
  /** The name by which the host is known: for SNI, certificates and replies. */
  readonly host: string;
  /** IP address. */
  readonly address: string;
  readonly port: number;
  /**
   * - `none`: in the clear.
   * - `opportunistic`: STARTTLS where it is offered, with any certificate.
   * - `required`: STARTTLS with the certificate that `verify` wants, or not at all.
   * - `implicit`: the same, with TLS from the start (RFC 8314).
   */
  readonly tls: 'none' | 'opportunistic' | 'required' | 'implicit';
  /** The host's own certificate by default; any with `opportunistic`. */
  readonly verify?: TlsCheck['verify'];
  /** PEM of authorities to trust instead of the system's. */
  readonly authorities?: readonly string[];
  /** Logs in, for smarthosts. Passwords go in the clear only over TLS. */
  readonly credentials?: { readonly login: string; readonly password: string };
  readonly localAddress?: string;
  /** The name to ask for in TLS and to find in the certificate, where it is not `host`. */
  readonly tlsName?: string;
}

export interface SmtpClientOptions {
  /** For EHLO: a domain name or address literal of this host. */
  readonly helloName: string;
  readonly log: Log;
  readonly timeouts?: Partial<SmtpTimeouts>;
  /** Connects by a proxy, to the target's address. */
  readonly proxy?: SocksProxy | undefined;
}

/**
 * Opens one outgoing session: connects, reads the greeting, says EHLO, starts TLS, logs in.
 * @returns a session that is ready for messages
 * @throws SmtpSessionError, with the connection closed; the signal's reason when it has aborted
 * Source: RFC 5321 §3.1 and §3.2
 */
export async function connectSmtp(
  target: SmtpTarget,
  options: SmtpClientOptions,
  signal?: AbortSignal,
): Promise<SmtpSession> {
  const timeouts = { ...standardTimeouts, ...options.timeouts };
  const socket = await open(target, options.proxy, timeouts, signal);
  const channel = new Channel(socket, target.host, options.log);
  return channel.within(signal, async () => {
    try {
      return await begin(channel, target, options, timeouts);
    } catch (error) {
      channel.destroy();
      signal?.throwIfAborted();
      throw error;
    }
  });
}

async function open(
  target: SmtpTarget,
  proxy: SocksProxy | undefined,
  timeouts: SmtpTimeouts,
  signal: AbortSignal | undefined,
): Promise<Socket> {
  signal?.throwIfAborted();
  const { address, port, localAddress } = target;
  const first = proxy ?? { host: address, port };
  const socket = connect({
    host: first.host,
    port: first.port,
    ...(localAddress === undefined ? {} : { localAddress }),
  });
  socket.setNoDelay(true);
  const onAbort = (): void => void socket.destroy(new Error('interrupted'));
  const late = new Error(`no connection within ${timeouts.connect} ms`);
  const timer = setTimeout(() => socket.destroy(late), timeouts.connect);
  signal?.addEventListener('abort', onAbort);
  try {
    await once(socket, 'connect');
    if (proxy !== undefined) await socksConnect(socket, proxy, address, port);
    return socket;
  } catch (cause) {
    socket.destroy();
    signal?.throwIfAborted();
    const detail = cause instanceof Error ? cause.message : String(cause);
    // RFC 3463 §3.5: X.4.1 no answer from host.
    throw new SmtpSessionError(
      { code: 451, enhanced: '4.4.1', text: `No connection to ${target.host}: ${detail}` },
      { context: { host: target.host, address, port }, cause },
    );
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
  }
}

async function begin(
  channel: Channel,
  target: SmtpTarget,
  options: SmtpClientOptions,
  timeouts: SmtpTimeouts,
): Promise<SmtpSession> {
  let secured: SecuredSocket | undefined;
  const secure = async (socket: Socket): Promise<void> => {
    const verify = target.verify ?? (target.tls === 'opportunistic' ? 'any' : 'host');
    const check = { host: target.tlsName ?? target.host, verify, authorities: target.authorities };
    secured = await startTls(socket, check, timeouts.handshake);
    channel.use(secured.socket);
  };
  if (target.tls === 'implicit') await secure(detached(channel));
  const greeting = await channel.reply(timeouts.greeting);
  if (greeting.code !== 220) throw channel.refuse(greeting);
  let offers = await hello(channel, options, timeouts);
  if (target.tls === 'opportunistic' || target.tls === 'required') {
    if (offers.startTls) {
      const reply = await channel.command('STARTTLS', timeouts.command);
      if (reply.code === 220) {
        await secure(detached(channel));
        // RFC 3207 §4.2: what was offered before is forgotten.
        offers = await hello(channel, options, timeouts);
      } else if (target.tls === 'required') throw noTls(channel, `it answered STARTTLS with ${reply.code}`);
    } else if (target.tls === 'required') throw noTls(channel, 'it does not offer STARTTLS');
  }
  const { socket } = channel;
  if (target.credentials) await authenticate(channel, offers.auth, target.credentials, timeouts.command);
  const tls = socket instanceof TLSSocket ? { protocol: socket.getProtocol(), cipher: socket.getCipher().name } : {};
  const verifiedTls = secured?.verified ?? false;
  channel.log.debug({ host: target.host, address: target.address, ...tls, verifiedTls }, 'connected');
  const certificateFault = secured === undefined ? notEncrypted : secured.certificateFault;
  return new SmtpSession(channel, offers, { verified: verifiedTls, certificateFault }, timeouts);
}

async function hello(channel: Channel, options: SmtpClientOptions, timeouts: SmtpTimeouts): Promise<Capabilities> {
  const reply = await channel.command(`EHLO ${options.helloName}`, timeouts.command);
  if (reply.code === 250) return parseCapabilities(reply);
  // RFC 5321 §3.2: to a peer that doesn't know EHLO. 504 and 550 are said by some, too.
  if (reply.code < 500) throw channel.refuse(reply);
  const older = await channel.command(`HELO ${options.helloName}`, timeouts.command);
  if (older.code !== 250) throw channel.refuse(older);
  return parseCapabilities(undefined);
}

function detached(channel: Channel): Socket {
  const socket = channel.detach();
  if (socket) return socket;
  channel.destroy();
  // Somebody put commands or replies between, to have them count as sent under TLS.
  throw new SmtpSessionError(
    { code: 454, enhanced: '4.7.5', text: 'The server sent more than its reply before TLS' },
    {
      tlsFault: { type: 'validation-failure', detail: 'the server sent more than its reply before TLS' },
      context: { host: channel.host },
    },
  );
}

const notEncrypted: TlsFault = { type: 'starttls-not-supported', detail: 'the session is not encrypted' };

// RFC 3463 §3.8 and RFC 5248: X.7.10 encryption needed.
function noTls(channel: Channel, detail: string): SmtpSessionError {
  channel.destroy();
  return new SmtpSessionError(
    { code: 454, enhanced: '4.7.10', text: `TLS is required for this server: ${detail}` },
    { tlsFault: { type: 'starttls-not-supported', detail }, context: { host: channel.host } },
  );
}
