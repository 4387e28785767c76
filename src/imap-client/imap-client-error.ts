import { RestanteError } from '../runtime/errors.ts';

/** The connection broke, was closed, brought nothing for too long, or what it brought is not IMAP. A new one may do better. */
export class ImapConnectionError extends RestanteError {
  constructor(host: string, detail: string, cause?: unknown) {
    super('imap-connection', `Cannot go on with the IMAP server "${host}": ${detail}`, { context: { host }, cause });
  }
}

/** No TLS, or none that can be trusted. */
export class ImapTlsError extends RestanteError {
  constructor(host: string, detail: string, options: { hint?: string; cause?: unknown } = {}) {
    super('imap-tls', `Cannot trust the connection to the IMAP server "${host}": ${detail}`, {
      context: { host },
      ...options,
    });
  }
}

/** The server does not take the login. */
export class ImapLoginError extends RestanteError {
  constructor(host: string, detail: string, options: { hint?: string; cause?: unknown } = {}) {
    super('imap-login', `Cannot log in to the IMAP server "${host}": ${detail}`, { context: { host }, ...options });
  }
}

/** Response codes of what may work later: RFC 5530 §3; and those of large providers. */
const temporaryCodes = new Set(['UNAVAILABLE', 'INUSE', 'SERVERBUG', 'LIMIT', 'OVERQUOTA', 'THROTTLED']);

/** The server answered NO or BAD. */
export class ImapRefusedError extends RestanteError {
  /** Response code, in upper case, such as `NONEXISTENT`; undefined when there is none. */
  readonly responseCode: string | undefined;

  constructor(command: string, responseCode: string | undefined, answer: string) {
    super('imap-refused', `Cannot ${command}: the server answered ${answer}`);
    this.responseCode = responseCode;
  }

  /** It says nothing about what was asked for: the same may work later. */
  get isTemporary(): boolean {
    return temporaryCodes.has(this.responseCode ?? '');
  }
}
