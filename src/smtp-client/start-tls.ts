import { once } from 'node:events';
import { isIP, type Socket } from 'node:net';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import type { TlsFault } from '../mailauth/tls-report/tls-result.ts';
import { SmtpSessionError } from './session-error.ts';

export interface TlsCheck {
  /** For SNI, and the name that its certificate has to be for. */
  host: string;
  /** `any`: opportunistic, as good as no TLS. `host`: of an authority and for the host. A function says what is wrong, or nothing. */
  verify: 'any' | 'host' | ((socket: TLSSocket) => TlsFault | undefined);
  /** PEM of authorities to trust instead of the system's. */
  authorities?: readonly string[] | undefined;
}

export interface SecuredSocket {
  readonly socket: TLSSocket;
  /** The certificate was verified as `verify` wants, or is as good as the host's own anyway. */
  readonly verified: boolean;
  /** Why the certificate is not the host's by any authority, whether or not that counts. */
  readonly certificateFault: TlsFault | undefined;
}

/**
 * Does the client's side of the handshake on a connected socket.
 * @throws SmtpSessionError with `tlsFault`, after closing the connection
 * Source: RFC 3207, RFC 6125
 */
export async function startTls(socket: Socket, check: TlsCheck, timeoutMs: number): Promise<SecuredSocket> {
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
    const detail = error instanceof Error ? error.message : String(error);
    throw failed(secured, { type: 'validation-failure', detail }, error);
  } finally {
    clearTimeout(timer);
    secured.off('close', onClose);
  }
  const certificateFault = faultOf(secured);
  const fault = check.verify === 'any' ? undefined : check.verify === 'host' ? certificateFault : check.verify(secured);
  if (fault !== undefined) throw failed(secured, fault);
  return { socket: secured, verified: check.verify !== 'any' || secured.authorized, certificateFault };
}

function faultOf(socket: TLSSocket): TlsFault | undefined {
  if (socket.authorized) return undefined;
  const error = socket.authorizationError as Error | string | undefined;
  const code = typeof error === 'string' ? error : ((error as NodeJS.ErrnoException | undefined)?.code ?? '');
  const detail = `its certificate is not accepted: ${error}`;
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID') return { type: 'certificate-expired', detail };
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return { type: 'certificate-host-mismatch', detail };
  return { type: 'certificate-not-trusted', detail };
}

// RFC 3463 §3.8: X.7.5 cryptographic failure.
function failed(socket: TLSSocket, tlsFault: TlsFault, cause: unknown = new Error(tlsFault.detail)): SmtpSessionError {
  socket.destroy();
  return new SmtpSessionError(
    { code: 454, enhanced: '4.7.5', text: `TLS with the server failed: ${tlsFault.detail}` },
    { tlsFault, cause },
  );
}
