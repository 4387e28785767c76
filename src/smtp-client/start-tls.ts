import { once } from 'node:events';
import { isIP, type Socket } from 'node:net';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { SmtpSessionError } from './session-error.ts';

export interface TlsCheck {
  /** For SNI, and the name that its certificate has to be for. */
  host: string;
  /** `any`: opportunistic, as good as no TLS. `host`: of an authority and for the host. A function says what is wrong, or nothing. */
  verify: 'any' | 'host' | ((socket: TLSSocket) => string | undefined);
  /** PEM of authorities to trust instead of the system's. */
  authorities?: readonly string[] | undefined;
}

/**
 * Does the client's side of the handshake on a connected socket.
 * @returns the socket, and whether the certificate was verified
 * @throws SmtpSessionError with `tlsFailed`, after closing the connection
 * Source: RFC 3207, RFC 6125
 */
export async function startTls(
  socket: Socket,
  check: TlsCheck,
  timeoutMs: number,
): Promise<{ socket: TLSSocket; verified: boolean }> {
  const options: ConnectionOptions = {
    socket,
    // RFC 6066 §3: no SNI for addresses.
    ...(isIP(check.host) === 0 ? { servername: check.host } : {}),
    ...(check.authorities ? { ca: [...check.authorities] } : {}),
    host: check.host,
    minVersion: 'TLSv1.2',
    // Verified below: with "any" the handshake must go on, and Node leaves the name unchecked when the chain fails.
    rejectUnauthorized: false,
  };
  const secured = connect(options);
  // Errors after the one that is waited for have nobody to go to.
  secured.on('error', () => {});
  const timer = setTimeout(() => secured.destroy(new Error(`no TLS handshake within ${timeoutMs} ms`)), timeoutMs);
  const onClose = (): void => void secured.emit('error', new Error('the connection was closed'));
  try {
    secured.once('close', onClose);
    await once(secured, 'secureConnect');
  } catch (error) {
    throw failed(secured, error);
  } finally {
    clearTimeout(timer);
    secured.off('close', onClose);
  }
  const fault = check.verify === 'any' ? undefined : check.verify === 'host' ? faultOf(secured) : check.verify(secured);
  if (fault !== undefined) throw failed(secured, new Error(fault));
  return { socket: secured, verified: check.verify !== 'any' || secured.authorized };
}

function faultOf(socket: TLSSocket): string | undefined {
  return socket.authorized ? undefined : `its certificate is not accepted: ${socket.authorizationError}`;
}

// RFC 3463 §3.8: X.7.5 cryptographic failure.
function failed(socket: TLSSocket, cause: unknown): SmtpSessionError {
  socket.destroy();
  const detail = cause instanceof Error ? cause.message : String(cause);
  return new SmtpSessionError(
    { code: 454, enhanced: '4.7.5', text: `TLS with the server failed: ${detail}` },
    { tlsFailed: true, cause },
  );
}
